// What each node has to do with a job, and whether it owes it anything. Pure.
import { isBarred, mayOweRelease } from '../job-nodes/job-node-decisions.js';
import type { JobNode } from '../job-nodes/job-node.js';
import { isOpen, isOver } from '../jobs/job-decisions.js';
import type { Job } from '../jobs/job.js';
import type { Node } from '../nodes/node.js';
import { mayTakeTasks } from '../nodes/node-decisions.js';
import { countOf, type NodeCode, type NodeExplanation } from './explanation.js';
import type { SeenForExplanation } from './see-job.js';

/** Each node of the pool, and each that ever had to do with the job and is gone. */
export function explainNodes({ job, jobNodes, nodes, pool }: SeenForExplanation): readonly NodeExplanation[] {
  const byNode = new Map(jobNodes.map((jobNode) => [jobNode.nodeId, jobNode]));
  const there = new Set(nodes.map(({ id }) => id));
  const slots = pool?.definition.taskSlotsPerNode ?? 0;
  return [
    ...nodes.map((node) => explain(job, node, byNode.get(node.id), slots)),
    ...jobNodes.filter(({ nodeId }) => !there.has(nodeId)).map((jobNode) => explainGone(job, jobNode)),
  ];
}

function explain(job: Job, node: Node, jobNode: JobNode | undefined, slots: number): NodeExplanation {
  const toExplanation = (code: NodeCode, text: string): NodeExplanation => ({
    nodeId: node.id,
    state: node.state,
    code,
    text: `Node '${node.id}' ${text}.`,
  });
  if (node.state === 'unknown') {
    const since = node.lastSeen ?? node.allocationTime;
    return toExplanation(
      'lost',
      `has not been heard of since ${since}; its tasks were given up, and it is used again once it speaks`,
    );
  }
  if (!isOpen(job)) return toExplanation(...explainEnd(job, jobNode));
  if (!mayTakeTasks(node)) {
    const disabled = node.schedulingState === 'disabled' ? ' with scheduling disabled' : '';
    return toExplanation(
      'cannotTakeTasks',
      `is ${node.state}${disabled} since ${node.stateTransitionTime} and takes no tasks`,
    );
  }
  if (jobNode !== undefined && isBarred(jobNode, job.definition)) return toExplanation('barred', whyBarred(jobNode));
  const preparation = jobNode?.preparation;
  if (preparation?.state === 'ordered')
    return toExplanation('preparing', `was told at ${preparation.orderedAt} to run the job preparation task`);
  if (preparation?.state === 'running')
    return toExplanation(
      'preparing',
      `runs the job preparation task since ${preparation.startTime}${ofTries(job, preparation.retryCount)}`,
    );
  const runs = jobNode?.runs.length ?? 0;
  if (runs > 0) return toExplanation('running', `has ${countOf(runs, 'task')} of the job`);
  const taken = node.leases.reduce((sum, lease) => sum + lease.slots, 0);
  if (taken >= slots) return toExplanation('full', `has its ${slots} slots taken by other jobs`);
  return toExplanation('free', `has ${slots - taken} of ${slots} slots free`);
}

function ofTries(job: Job, retryCount: number): string {
  const most = job.definition.jobPreparationTask?.constraints.maxTaskRetryCount ?? 0;
  if (most === 0) return '';
  return `, try ${retryCount + 1}${most === -1 ? '' : ` of ${most + 1}`}`;
}

function whyBarred({ preparation }: JobNode): string {
  const how =
    preparation.state !== 'completed'
      ? ''
      : preparation.exitCode === undefined
        ? ` (${preparation.failureInfo?.code ?? 'no exit code'})`
        : ` with exit code ${preparation.exitCode}`;
  const when = preparation.state === 'completed' ? ` at ${preparation.endTime}` : '';
  return `gets no task of the job until it is reimaged: the job preparation task failed there${how}${when}`;
}

function explainEnd(job: Job, jobNode: JobNode | undefined): readonly [NodeCode, string] {
  if (jobNode === undefined) return ['owesNothing', 'never had to do with the job'];
  const { runs, preparation, release } = jobNode;
  const isPreparing = preparation.state === 'ordered' || preparation.state === 'running';
  if (runs.length > 0 || isPreparing)
    return [
      'ending',
      `is to kill ${countOf(runs.length, 'task')} of the job${isPreparing ? ' and its preparation' : ''}`,
    ];
  switch (release.state) {
    case 'ordered':
      return ['releasing', `was told at ${release.orderedAt} to run the job release task`];
    case 'running':
      return ['releasing', `runs the job release task since ${release.startTime}`];
    case 'completed':
      return ['released', `ran the job release task: ${release.result} at ${release.endTime}`];
    case 'waived':
      return ['waived', `will never run the job release task: ${waiverTexts[release.reason]}`];
    case 'none':
      return !isOver(job) && mayOweRelease(jobNode, job.definition)
        ? ['releasing', 'is to run the job release task']
        : ['owesNothing', 'owes the job nothing'];
  }
}

const waiverTexts: Readonly<Record<Extract<JobNode['release'], { state: 'waived' }>['reason'], string>> = {
  nodeRemoved: 'it left the pool',
  nodeLost: 'it was silent for too long',
  poolChanged: 'the job was moved to another pool',
  forced: 'the job was ended by force',
  nodeReimaged: 'it was reimaged, and nothing of the job is left on it',
  preparationInterrupted: 'the job ended while its preparation still ran there',
};

function explainGone(job: Job, jobNode: JobNode): NodeExplanation {
  const { nodeId, release } = jobNode;
  const [code, text] = isOpen(job) ? (['owesNothing', 'is gone'] as const) : explainEnd(job, jobNode);
  const after = release.state === 'waived' ? '' : ' and is gone';
  return { nodeId, state: 'gone', code, text: `Node '${nodeId}' ${isOpen(job) ? text : `${text}${after}`}.` };
}
