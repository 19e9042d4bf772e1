// The start task: ordered in every boot of a node that belongs to the pool for good, heard of, and told.
// https://learn.microsoft.com/rest/api/batchservice/pool/add#starttask
import { hashOf } from '../hash.js';
import { hearSpecialRun } from '../job-nodes/job-node-decisions.js';
import type { Node, NodeStartTask } from '../nodes/node.js';
import { isReachable, isReady, readyState } from '../nodes/node-decisions.js';
import { startTaskDirectory, startTaskId, type RunReport } from '../nodes/node-messages.js';
import type { StartTaskDefinition } from '../pools/pool.js';
import { startTaskHash } from '../pools/start-task.js';
import { owedEvent } from '../events/event.js';
import { storedDuration } from '../tasks/run-resource.js';
import { enterNodeState, needEveryJob, orderFor, type Draft } from './draft.js';
import { isUnheardFor, toRunDefinition } from './order-decisions.js';

/** The node in a boot that it was just heard of, with its start task ordered. One that is about to be taken away or booted again gets none. */
export function withStartTask(draft: Draft, node: Node): Node {
  const { startTask: _, ...rest } = node;
  const definition = draft.pool?.definition.startTask;
  const isWanted = node.request === undefined || node.request.kind === 'disableScheduling';
  if (definition === undefined || !isWanted) return rest;
  return orderStartTask(draft, node, definition, 1);
}

function orderStartTask(draft: Draft, node: Node, definition: StartTaskDefinition, attempt: number): Node {
  const next: Node = {
    ...node,
    startTask: {
      epoch: node.epoch,
      attempt,
      definitionHash: startTaskHash(definition),
      waitForSuccess: definition.waitForSuccess,
      run: {
        state: 'ordered',
        runId: hashOf(draft.pool?.incarnation ?? '', node.id, node.epoch, 'startTask', startTaskId, attempt),
        orderedAt: draft.at,
        heard: false,
      },
    },
  };
  putOrder(draft, next, definition);
  return next;
}

function putOrder(draft: Draft, node: Node, definition: StartTaskDefinition): void {
  const { pool } = draft;
  if (pool === undefined || node.startTask === undefined) return;
  const { commandLine, environmentSettings, maxTaskRetryCount } = definition;
  const constraints = { retentionMs: storedDuration(Infinity), maxTaskRetryCount };
  const order = orderFor(draft, node, { jobId: '-', incarnation: pool.incarnation });
  order.jobDirectory = startTaskDirectory;
  order.startTask = {
    runId: node.startTask.run.runId,
    kind: 'startTask',
    taskId: startTaskId,
    attempt: node.startTask.attempt,
    definition: toRunDefinition({ ...definition, commandLine, environmentSettings, constraints }, []),
  };
}

/** Orders the start task once more although it was heard of: its order had become too old. */
export function renewStartTask(draft: Draft, node: Node, runId: string): void {
  const definition = draft.pool?.definition.startTask;
  const { startTask } = node;
  if (definition === undefined || startTask?.run.runId !== runId || startTask.run.state === 'completed') return;
  // Should it have been changed meanwhile, what it was is not known any more.
  const next = { ...node, startTask: { ...startTask, definitionHash: startTaskHash(definition) } };
  draft.nodes.set(node.id, next);
  putOrder(draft, next, definition);
}

/** What a report says of the node's start task. Answers whether it is the one of this boot. */
export function hearStartTask(draft: Draft, nodeId: string, report: RunReport): boolean {
  const node = draft.nodes.get(nodeId);
  const { startTask } = node ?? {};
  if (node === undefined || startTask?.run.runId !== report.runId) return false;
  if (startTask.run.state === 'completed') return true;
  const run = hearSpecialRun(startTask.run, report, draft.now);
  if (run === startTask.run) return true;
  if (run.state === 'none') {
    // It vanished without a result: the controller alone decides that it runs again.
    const definition = draft.pool?.definition.startTask;
    if (definition !== undefined)
      draft.nodes.set(nodeId, orderStartTask(draft, node, definition, startTask.attempt + 1));
    return true;
  }
  const next = { ...startTask, run };
  draft.nodes.set(nodeId, { ...node, startTask: next });
  if (run.state === 'completed' && startTask.waitForSuccess) needWhatWaited(draft, node);
  tell(draft, node, startTask, next);
  return true;
}

// A job that ended during the boot has had to wait with its release. In its first boot nothing of any job was here.
function needWhatWaited(draft: Draft, { epoch }: Node): void {
  if (epoch > 1) needEveryJob(draft);
}

/** Orders start tasks again that nobody has heard of. */
export function repeatStartTasks(draft: Draft): void {
  const definition = draft.pool?.definition.startTask;
  for (const node of [...draft.nodes.values()]) {
    const { startTask } = node;
    if (startTask?.run.state !== 'ordered' || !isReachable(node) || !isUnheardFor(draft, startTask.run)) continue;
    if (definition === undefined) {
      // The pool has none any more, and this one never began for all that is known.
      const { startTask: _, ...rest } = node;
      enterNodeState(draft, rest, isReady(rest) ? readyState(rest) : rest.state);
      needWhatWaited(draft, node);
      continue;
    }
    // The definition may have changed since: the run stays what it was ordered as, or it is another run.
    if (startTaskHash(definition) !== startTask.definitionHash) {
      draft.nodes.set(node.id, orderStartTask(draft, node, definition, startTask.attempt + 1));
      continue;
    }
    const next = { ...node, startTask: { ...startTask, run: { ...startTask.run, repeatedAt: draft.at } } };
    draft.nodes.set(node.id, next);
    putOrder(draft, next, definition);
  }
}

function tell(draft: Draft, node: Node, { run: was }: NodeStartTask, { run: is }: NodeStartTask): void {
  if (was.state === is.state || (is.state !== 'running' && is.state !== 'completed')) return;
  const { state: _, runId, orderedAt: __, repeatedAt: ___, heard: ____, ...executionInfo } = is;
  const types = [
    ...(is.state === 'running'
      ? (['dev.bookend.specialtask.start'] as const)
      : (['dev.bookend.specialtask.complete'] as const)),
    ...(is.state === 'completed' && is.result === 'failure' ? (['dev.bookend.specialtask.fail'] as const) : []),
  ];
  for (const type of types) {
    draft.events.push(
      owedEvent(type, `/pools/${node.poolId}/nodes/${node.id}/${startTaskId}`, draft.now, [runId], {
        taskName: startTaskId,
        taskType: 'StartTask',
        nodeInfo: { poolId: node.poolId, nodeId: node.id },
        executionInfo,
      }),
    );
  }
}
