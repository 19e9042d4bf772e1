// Conservation and monotony, after every single transaction: no task is lost or doubled, nothing goes back.
import { fromJobNode } from '../../../shared/jobs/job-rows.js';
import type { Job, JobState } from '../../../shared/jobs/job.js';
import type { JobNode } from '../../../shared/job-nodes/job-node.js';
import type { Node } from '../../../shared/nodes/node.js';
import { fromNode } from '../../../shared/pools/pool-rows.js';
import { fromTaskRow } from '../../../shared/tasks/task-rows.js';
import type { Task } from '../../../shared/tasks/task.js';
import type { RowChange } from '../core/facts.js';
import { jobIn, parsedValues, type JobView } from '../core/view.js';
import type { CreateChecker, Violate } from './checker.js';

export const checkTables: CreateChecker = ({ violate, view }) => ({
  onFact(fact) {
    if (fact.type !== 'committed') return;
    const { partition } = fact;
    if (partition.startsWith('pool:')) for (const change of fact.changes) checkPoolRow(change, violate);
    if (!partition.startsWith('job:')) return;
    for (const change of fact.changes) checkJobRow(change, violate);
    checkConservation(view.job(partition.slice('job:'.length)), violate);
  },
});

/** Every accepted task is in exactly one place: waiting, on one node, or done. */
export function checkConservation({ job, jobNodes, ready, dependent, tasks }: JobView, violate: Violate): void {
  // While a job is removed, page by page, its rows do not add up.
  if (job === undefined || job.state === 'deleting') return;
  const name = `job ${job.definition.id}`;
  const byOrder = new Map(tasks.map((task) => [task.order, task]));
  const held = dependent.filter((each) => {
    const task = byOrder.get(each.order);
    return task?.state === 'active' && task.stateTransitionTime === each.activeSince;
  });
  const waiting = new Map([...ready, ...held].map((each) => [each.taskId, each]));
  const runs = jobNodes.flatMap((jobNode) => jobNode.runs.filter((run) => run.taskDeleted !== true));
  const onNodes = new Map(runs.map((run) => [run.taskId, run]));
  if (waiting.size < ready.length + held.length) violate('conservation', `${name} has a task that waits twice`);
  if (onNodes.size < runs.length) violate('conservation', `${name} has a task on two nodes`);
  for (const { definition, state, assignment } of tasks) {
    const isWaiting = waiting.has(definition.id);
    const run = onNodes.get(definition.id);
    const isRight =
      state === 'active'
        ? isWaiting && run === undefined
        : state === 'completed'
          ? !isWaiting && run === undefined
          : !isWaiting && run !== undefined && run.runId === assignment?.runId;
    if (!isRight)
      violate(
        'conservation',
        `${name}: task ${definition.id} is ${state}, waits: ${isWaiting}, on a node: ${run !== undefined}`,
      );
  }
  const known = new Set(tasks.map(({ definition }) => definition.id));
  for (const taskId of [...waiting.keys(), ...onNodes.keys()])
    if (!known.has(taskId)) violate('conservation', `${name}: task ${taskId} has no row of its own`);
  const open = tasks.filter(({ state }) => state !== 'completed').length;
  if (open !== job.openTasks) violate('conservation', `${name} counts ${job.openTasks} open tasks of ${open}`);
}

const nextStates: Readonly<Record<JobState, readonly JobState[]>> = {
  active: ['disabling', 'terminating', 'completed', 'deleting'],
  disabling: ['active', 'disabled', 'terminating', 'completed', 'deleting'],
  disabled: ['active', 'disabling', 'terminating', 'completed', 'deleting'],
  terminating: ['completed', 'deleting'],
  completed: ['deleting'],
  deleting: [],
};

function checkJobRow({ row, before, after }: RowChange, violate: Violate): void {
  if (before === undefined || after === undefined) return;
  if (row === 'head') checkHead(jobIn(before), jobIn(after), violate);
  else if (row.startsWith('node:'))
    checkJobNode(parsedValues(before, fromJobNode), parsedValues(after, fromJobNode), violate);
  else if (row.startsWith('task:'))
    checkTask(parsedValues(before, fromTaskRow), parsedValues(after, fromTaskRow), violate);
}

function checkHead(was: Job | undefined, is: Job | undefined, violate: Violate): void {
  if (was === undefined || is === undefined) return;
  const name = `job ${is.definition.id}`;
  if (was.incarnation !== is.incarnation) violate('monotone', `${name} was overwritten by another of its id`);
  if (was.state !== is.state && !nextStates[was.state].includes(is.state))
    violate('monotone', `${name} went from ${was.state} to ${is.state}`);
  if (was.terminateReason !== undefined && was.terminateReason !== is.terminateReason)
    violate('monotone', `${name} changed its terminate reason`);
  if (is.nextTaskOrder < was.nextTaskOrder) violate('monotone', `${name} gives task orders twice`);
}

function checkJobNode(was: JobNode | undefined, is: JobNode | undefined, violate: Violate): void {
  if (was === undefined || is === undefined || was.incarnation !== is.incarnation) return;
  // Another node has got the id.
  if (was.nodeSince !== is.nodeSince) return;
  const name = `job node ${is.jobId}/${is.nodeId}`;
  if (is.preparationAttempts < was.preparationAttempts || is.releaseAttempts < was.releaseAttempts)
    violate('monotone', `${name} counts its attempts back`);
  if (is.epoch < was.epoch) violate('monotone', `${name} went back to epoch ${is.epoch}`);
  const isSameImage = was.imageEpoch === is.imageEpoch;
  // A job that comes back from another pool begins anew on the nodes that it left.
  const hasLeft = was.release.state === 'waived' && was.release.reason === 'poolChanged';
  const isFinal = !hasLeft && (was.release.state === 'completed' || was.release.state === 'waived');
  if (isFinal && isSameImage && was.release.state !== is.release.state)
    violate('monotone', `${name} took back its ended release: ${was.release.state} to ${is.release.state}`);
  if (
    !hasLeft &&
    was.preparation.state === 'completed' &&
    was.epoch === is.epoch &&
    is.preparation.state !== 'completed'
  )
    violate('monotone', `${name} took back its ended preparation`);
  const startedBefore = was.preparation.state === 'running' && is.preparation.state === 'ordered';
  if (
    startedBefore &&
    'runId' in was.preparation &&
    'runId' in is.preparation &&
    was.preparation.runId === is.preparation.runId
  )
    violate('monotone', `${name}'s preparation went from running to ordered`);
}

function checkTask(was: Task | undefined, is: Task | undefined, violate: Violate): void {
  if (was === undefined || is === undefined) return;
  const name = `task ${is.jobId}/${is.definition.id}`;
  // A user may have a failed task run again.
  const isReactivated = is.state === 'active' && is.previousState === 'completed' && was.execution.result === 'failure';
  if (was.state === 'completed' && isReactivated) return;
  if (was.state === 'completed' && JSON.stringify(was.execution) !== JSON.stringify(is.execution))
    violate('monotone', `${name} was completed and changed again`);
  if (was.state === 'completed' && is.state !== 'completed')
    violate('monotone', `${name} is ${is.state} after its end`);
  const [before, after] = [was.assignment?.attempt ?? 0, is.assignment?.attempt ?? was.assignment?.attempt ?? 0];
  if (after < before) violate('monotone', `${name} went from attempt ${before} back to ${after}`);
}

function checkPoolRow({ row, before, after }: RowChange, violate: Violate): void {
  if (!row.startsWith('node:')) return;
  const was: Node | undefined = parsedValues(before, fromNode);
  const is: Node | undefined = parsedValues(after, fromNode);
  if (was === undefined || is === undefined) return;
  if (is.epoch < was.epoch) violate('monotone', `node ${is.id} went from epoch ${was.epoch} back to ${is.epoch}`);
  if (is.epoch === was.epoch && is.sequence < was.sequence)
    violate('monotone', `node ${is.id} went from report ${was.sequence} back to ${is.sequence}`);
}
