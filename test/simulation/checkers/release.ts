// Promises 3 and 4, by the processes that really ran, the state of their job just then, and the waivers on record.
import type { OwedEvent } from '../../../shared/events/event.js';
import type { Job } from '../../../shared/jobs/job.js';
import { fromJobNode } from '../../../shared/jobs/job-rows.js';
import { fromDocument } from '../../../shared/tables/document.js';
import { fromNode } from '../../../shared/pools/pool-rows.js';
import type { ProcessFact, RowChange } from '../core/facts.js';
import { jobIn, parsedValues } from '../core/view.js';
import type { CreateChecker } from './checker.js';

// In words of its own: the product's could be wrong.
const mayRelease = ({ state, previousState }: Job): boolean =>
  state === 'terminating' || (state === 'deleting' && previousState !== 'completed');

/** One job on one image of one machine. */
type Stay = {
  readonly machine: string;
  readonly nodeId: string;
  readonly incarnation: string;
  readonly jobId: string;
  readonly image: number;
  tasksRunning: number;
  /** A task ran after a preparation that makes a release owed. */
  isOwed: boolean;
  isPrepared: boolean;
  taskRan: boolean;
  preparationBegan: boolean;
  /** Releases that were begun; those that a reboot or a kill interrupted may begin again. */
  releasesRunning: number;
  releasesDone: number;
  /** Also by a kill: its time was over, or the node was shut down and it began again. */
  releaseEnded: boolean;
};

export const checkReleases: CreateChecker = ({ violate, machines }) => {
  const jobs = new Map<string, { job: Job; isGone: boolean }>();
  const stays = new Map<string, Stay>();
  const waivers = new Map<string, string>();
  const leaving = new Set<string>();
  const keyOf = ({ machine, incarnation, image }: ProcessFact): string => `${machine}/${incarnation}/${image}`;
  const stayOf = (process: ProcessFact): Stay => {
    const { machine, nodeId, incarnation, jobId, image } = process;
    const fresh: Stay = {
      machine,
      nodeId,
      incarnation,
      jobId,
      image,
      tasksRunning: 0,
      isOwed: false,
      isPrepared: false,
      taskRan: false,
      preparationBegan: false,
      releasesRunning: 0,
      releasesDone: 0,
      releaseEnded: false,
    };
    const found = stays.get(keyOf(process)) ?? fresh;
    stays.set(keyOf(process), found);
    return found;
  };
  const review = (stay: Stay): void => {
    const definition = jobs.get(stay.incarnation)?.job.definition;
    if (definition?.jobReleaseTask === undefined) return;
    const isAfterTask = definition.jobReleaseTask.releaseAfter !== 'preparation';
    stay.isOwed ||= isAfterTask ? stay.isPrepared && stay.taskRan : stay.preparationBegan;
  };
  const onReleaseStarted = (process: ProcessFact, stay: Stay): void => {
    const where = `release of ${process.jobId} on ${process.machine}`;
    const known = jobs.get(process.incarnation);
    const isWaived = waivers.has(`${process.incarnation}/${process.nodeId}`);
    if (stay.tasksRunning > 0)
      violate('promise 3: every obligation is released or waived', `${where} began while a task of it ran`);
    if (stay.releasesDone > 0) violate('promise 3: every obligation is released or waived', `${where} was repeated`);
    if (stay.releasesRunning > 0) violate('promise 3: every obligation is released or waived', `${where} runs twice`);
    if (known === undefined) return violate('promise 4: releases only while a job ends', `${where}: no such job`);
    // A node that leaves the pool is released before its jobs end.
    if (leaving.has(process.nodeId)) return;
    // A node given up for lost may act on an old order when it can be heard of no more.
    if (isWaived) return;
    if (known.isGone || !mayRelease(known.job))
      violate(
        'promise 4: releases only while a job ends',
        `${where} began while the job was ${known.isGone ? 'gone' : known.job.state}`,
      );
  };
  return {
    onFact(fact) {
      switch (fact.type) {
        case 'committed':
          if (fact.partition.startsWith('pool:')) return noteLeaving(fact.changes);
          // The waivers first: the transaction that completes a job may hold the last of them.
          for (const { row, after } of fact.changes) {
            if (row.startsWith('event:')) noteWaivers(after);
            if (!row.startsWith('node:') || !fact.partition.startsWith('job:')) continue;
            const jobNode = parsedValues(after, fromJobNode);
            if (jobNode?.release.state === 'waived')
              waivers.set(`${jobNode.incarnation}/${jobNode.nodeId}`, jobNode.release.reason);
          }
          for (const { row, before, after } of fact.changes) {
            if (row !== 'head' || !fact.partition.startsWith('job:')) continue;
            const job = jobIn(after ?? before);
            if (job === undefined) continue;
            jobs.set(job.incarnation, { job, isGone: after === undefined });
            if (after === undefined || job.state === 'completed') checkCompletion(job);
          }
          return;
        case 'processStarted': {
          const { process } = fact;
          const stay = stayOf(process);
          if (process.kind === 'task') {
            stay.tasksRunning += 1;
            stay.taskRan = true;
            if (stay.releasesRunning + stay.releasesDone > 0)
              violate(
                'promise 3: every obligation is released or waived',
                `task ${process.taskId} of ${process.jobId} began on ${process.machine} after its release`,
              );
            review(stay);
          }
          if (process.kind === 'preparation') {
            stay.preparationBegan = true;
            review(stay);
          }
          if (process.kind === 'release') {
            onReleaseStarted(process, stay);
            stay.releasesRunning += 1;
          }
          return;
        }
        case 'processEnded': {
          const { process, exitCode, how } = fact;
          const stay = stayOf(process);
          if (process.kind === 'task') stay.tasksRunning -= 1;
          if (process.kind === 'preparation' && how === 'exited') {
            const waits = jobs.get(process.incarnation)?.job.definition.jobPreparationTask?.waitForSuccess;
            if (exitCode === 0 || waits === false) stay.isPrepared = true;
            review(stay);
          }
          if (process.kind === 'release') {
            stay.releasesRunning -= 1;
            if (how === 'exited') stay.releasesDone += 1;
            if (how !== 'machineDown') stay.releaseEnded = true;
          }
          return;
        }
        default:
      }
    },
    atRest() {
      for (const { job, isGone } of jobs.values()) if (isGone || job.state === 'completed') checkCompletion(job);
    },
  };

  function noteLeaving(changes: readonly RowChange[]): void {
    for (const { row, after } of changes) {
      const node = row.startsWith('node:') ? parsedValues(after, fromNode) : undefined;
      if (node?.state === 'leavingpool') leaving.add(node.id);
    }
  }

  function noteWaivers(values: Parameters<typeof parsedValues>[0]): void {
    const events = parsedValues(values, (entity) => fromDocument<readonly OwedEvent[]>('events', entity.values)) ?? [];
    for (const { type, data } of events) {
      if (type !== 'dev.bookend.specialtask.waived') continue;
      const { jobId, nodeInfo, reason } = data as { jobId: string; nodeInfo: { nodeId: string }; reason: string };
      const incarnation = [...jobs.values()].findLast(({ job }) => job.definition.id === jobId)?.job.incarnation ?? '';
      waivers.set(`${incarnation}/${nodeInfo.nodeId}`, reason);
    }
  }

  // A job that is over owes nothing any more: each stay was released after its last task, or its waiver stands.
  function checkCompletion(job: Job): void {
    for (const stay of stays.values()) {
      if (stay.incarnation !== job.incarnation || !stay.isOwed || stay.releaseEnded) continue;
      const waiver = waivers.get(`${stay.incarnation}/${stay.nodeId}`);
      if (waiver !== undefined) continue;
      const machine = machines().find(({ name }) => name === stay.machine);
      violate(
        'promise 3: every obligation is released or waived',
        `job ${stay.jobId} is over, but ${stay.machine} (image ${stay.image} of ${machine?.facts().image ?? '?'}) had neither release nor waiver`,
      );
    }
  }
};
