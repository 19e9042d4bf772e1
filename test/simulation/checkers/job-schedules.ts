// Schedules make one job after the other: at most one is active, each occurrence has one job or is counted as lost, nothing is left of a
// schedule that is gone, and an end that was asked for comes about.
import type { Job } from '../../../shared/jobs/job.js';
import { isOpen, isOver } from '../../../shared/jobs/job-decisions.js';
import { parseScheduledJobId } from '../../../shared/jobs/scheduled-job-id.js';
import type { JobSchedule, JobScheduleState } from '../../../shared/job-schedules/job-schedule.js';
import { windowEndMs } from '../../../shared/job-schedules/occurrence-decisions.js';
import type { Operation } from '../core/facts.js';
import { jobIn, jobScheduleIn } from '../core/view.js';
import type { CreateChecker } from './checker.js';

const promise = 'one job after the other';
// A decision and its save lie some calls apart, slow ones among them.
const savedWithinMs = 5 * 60_000;
const atOnceMs = 10_000;

const nextStates: Readonly<Record<JobScheduleState, readonly JobScheduleState[]>> = {
  active: ['disabled', 'terminating', 'completed', 'deleting'],
  disabled: ['active', 'terminating', 'deleting'],
  terminating: ['completed', 'deleting'],
  completed: ['deleting'],
  deleting: [],
};

export const checkJobSchedules: CreateChecker = ({ violate, view, nowMs, faults }) => {
  const accepted = new Map<string, Operation>();
  /** By id and incarnation, so that a job that comes twice is seen. */
  const added = new Set<string>();
  /** Incarnations of jobs that a schedule ever decided on. */
  const decided = new Set<string>();
  /** When the latest job of a schedule ended. */
  const endedMs = new Map<string, number>();
  let isDisturbed = false;
  return {
    onFact(fact) {
      if (fact.type === 'machineDown') isDisturbed = true;
      if (fact.type === 'accepted' && 'scheduleId' in fact.operation)
        accepted.set(fact.operation.scheduleId, fact.operation);
      if (fact.type !== 'committed' || !fact.partition.startsWith('job:')) return;
      for (const { row, before, after } of fact.changes) {
        if (row !== 'head') continue;
        const [wasJob, isJob] = [jobIn(before), jobIn(after)];
        const job = isJob ?? wasJob;
        if (job !== undefined) checkJob(job, wasJob, isJob);
        const [was, is] = [jobScheduleIn(before), jobScheduleIn(after)];
        if (is?.recentJob !== undefined) decided.add(is.recentJob.incarnation);
        if (was !== undefined && is !== undefined) checkSchedule(was, is);
        if (was !== undefined && is === undefined) checkGone(was.definition.id, 'when it goes');
      }
    },
    atRest() {
      for (const [scheduleId, operation] of accepted) checkEnd(scheduleId, operation);
    },
  };

  function checkJob(job: Job, was: Job | undefined, is: Job | undefined): void {
    const { id } = job.definition;
    const scheduleId = parseScheduledJobId(id)?.scheduleId;
    if (scheduleId === undefined) return;
    if (is === undefined || (isOver(is) && was !== undefined && !isOver(was))) endedMs.set(scheduleId, nowMs());
    if (was !== undefined || is === undefined) return;
    if (added.has(`${id}/${is.incarnation}`)) violate(promise, `job ${id} was added again`);
    added.add(`${id}/${is.incarnation}`);
    const active = view.jobsOfSchedule(scheduleId).filter((each) => !isOver(each));
    if (active.length > 1)
      violate(promise, `${active.map(({ definition }) => definition.id).join(' and ')} are active at once`);
    const schedule = view.jobSchedule(scheduleId);
    if (!decided.has(is.incarnation))
      return violate(promise, `job ${id} was added, but its schedule did not decide so`);
    // Its schedule may have come to its end while it was being added: it is ended then, and is not late for anything.
    if (schedule?.recentJob?.incarnation !== is.incarnation) return;
    checkTime(schedule, schedule.recentJob.dueAt, id);
  }

  function checkTime({ definition, previousState, stateTransitionTime }: JobSchedule, dueAt: string, id: string): void {
    const dueMs = Date.parse(dueAt);
    if (nowMs() < dueMs) violate(promise, `job ${id} was added ${dueMs - nowMs()} ms before it was due`);
    if (isDisturbed || faults() > 0) return;
    const enabledMs = previousState === undefined ? 0 : Date.parse(stateTransitionTime);
    const couldMs = Math.max(dueMs, endedMs.get(definition.id) ?? 0, enabledMs);
    if (nowMs() - couldMs > atOnceMs)
      violate(
        'told at once',
        `job ${id} was added ${nowMs() - couldMs} ms after it could be, though nothing went wrong`,
      );
  }

  function checkSchedule(was: JobSchedule, is: JobSchedule): void {
    const name = `job schedule ${is.definition.id}`;
    if (was.incarnation !== is.incarnation) violate('monotone', `${name} was overwritten by another of its id`);
    if (was.state !== is.state && !nextStates[was.state].includes(is.state))
      violate('monotone', `${name} went from ${was.state} to ${is.state}`);
    const made = (is.recentJob?.number ?? 0) - (was.recentJob?.number ?? 0);
    if (is.state === 'completed' && is.recentJob === undefined) return;
    if (made < 0 || made > 1) violate(promise, `${name} went from job ${was.recentJob?.number ?? 0} by ${made}`);
    if (was.recentJob?.endedAt !== undefined && made === 0 && is.recentJob?.endedAt !== was.recentJob.endedAt)
      violate('monotone', `${name} has its job end twice`);
    if (made === 1 && is.recentJob !== undefined) checkDecision(is, is.recentJob.dueAt);
    const lost = (is.lost?.count ?? 0) - (was.lost?.count ?? 0);
    if (was.lastDueAt === is.lastDueAt && made + lost !== 0)
      violate(promise, `${name} has ${made} jobs and ${lost} losses more for no occurrence`);
    const { recurrenceIntervalMs } = was.definition.schedule;
    if (was.lastDueAt === is.lastDueAt || is.lastDueAt === undefined || was.nextRunTime === undefined) return;
    const steps = (Date.parse(is.lastDueAt) - Date.parse(was.nextRunTime)) / (recurrenceIntervalMs ?? Infinity) + 1;
    if (made + lost !== steps)
      violate(promise, `${name} has ${made} jobs and ${lost} losses more for ${steps} occurrences`);
    if (lost > 0) checkLoss(was, is);
  }

  // An occurrence is lost to a job that is active until the window ends, not to one of whose end the schedule did not hear.
  function checkLoss(
    { definition, state, previousState, stateTransitionTime, nextRunTime = '' }: JobSchedule,
    is: JobSchedule,
  ): void {
    if (isDisturbed || faults() > 0 || state !== 'active' || is.state !== 'active') return;
    if (view.jobsOfSchedule(definition.id).some((job) => !isOver(job))) return;
    const dueMs = Date.parse(nextRunTime);
    const enabledMs = previousState === undefined ? 0 : Date.parse(stateTransitionTime);
    const couldMs = Math.max(dueMs, endedMs.get(definition.id) ?? Infinity, enabledMs);
    const leftMs = windowEndMs(definition.schedule, dueMs) - couldMs;
    if (leftMs > atOnceMs)
      violate(
        'told at once',
        `job schedule ${definition.id} lost an occurrence, though its job had ended ${leftMs} ms before the window did`,
      );
  }

  // The addition may come later, should whoever decided have died before it.
  function checkDecision({ definition }: JobSchedule, dueAt: string): void {
    const lateMs = nowMs() - windowEndMs(definition.schedule, Date.parse(dueAt));
    if (lateMs > savedWithinMs) violate(promise, `a job of ${definition.id} was decided ${lateMs} ms after its window`);
  }

  function checkGone(scheduleId: string, when: string): void {
    const left = view.jobsOfSchedule(scheduleId);
    if (left.length > 0)
      violate(promise, `of ${scheduleId} there are ${left.map(({ definition }) => definition.id).join()} ${when}`);
  }

  function checkEnd(scheduleId: string, { kind }: Operation): void {
    const schedule = view.jobSchedule(scheduleId);
    const isOn = schedule?.state === 'active' || schedule?.state === 'disabled';
    for (const { definition, state } of isOn ? [] : view.jobsOfSchedule(scheduleId).filter((job) => isOpen(job)))
      violate(promise, `job ${definition.id} is ${state}, but its schedule is ${schedule?.state ?? 'gone'}`);
    const isRight =
      kind === 'deleteJobSchedule'
        ? schedule === undefined
        : kind === 'terminateJobSchedule'
          ? schedule?.state === 'completed'
          : schedule !== undefined;
    if (!isRight)
      violate(
        'promise 5: what was accepted happens',
        `${kind} of ${scheduleId} was accepted, but it is ${schedule?.state ?? 'gone'}`,
      );
    if (schedule === undefined) checkGone(scheduleId, 'at rest');
  }
};
