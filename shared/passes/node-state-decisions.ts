// Steps of a pass around its nodes: what was heard frees slots and brings nodes back, and at the end each shows what it is.
import type { Node, NodeState } from '../nodes/node.js';
import { isReady, isStartingUp, readyState } from '../nodes/node-decisions.js';
import { nodeReturnedEvent } from '../nodes/node-events.js';
import { dropLease, enterNodeState, type Draft } from './draft.js';
import { jobKey } from './seen.js';

/**
 * Frees slots whose lease no job node names: saved by a pass that died before it could name the run, or of a job that is gone.
 * Leases of jobs that this pass did not read stand.
 */
export function dropVoidLeases(draft: Draft): void {
  for (const node of draft.nodes.values()) {
    for (const lease of node.leases) {
      const key = jobKey(lease.jobId);
      if (!draft.seen.jobs.some((job) => job.key === key)) continue;
      const jobDraft = draft.jobs.get(key);
      const runs = jobDraft?.job.incarnation === lease.incarnation ? jobDraft.jobNodes.get(node.id)?.runs : undefined;
      if (!runs?.some((run) => run.runId === lease.runId)) dropLease(draft, node.id, lease.runId);
    }
  }
}

/** A node that was being created, booted or given up for lost and has spoken now can be reached. */
export function welcomeNodes(draft: Draft): void {
  for (const node of draft.nodes.values()) {
    if (node.lastSeen !== draft.at) continue;
    const wasAway = isStartingUp(node) || node.state === 'unknown';
    const isBack = isServed(node) || isAboutTasks(node);
    if (node.state === 'unknown') draft.events.push(nodeReturnedEvent(node, draft.now));
    if (wasAway || isBack) enterNodeState(draft, node, arrivalState(node));
  }
}

// Whether its work decides its state is seen at the end of the pass; what it may be given, by its start task and its faults, before that.
const isAboutTasks = (node: Node): boolean =>
  isReady(node) && [node.state, readyState(node)].some((state) => state.includes('starttask') || state === 'unusable');

const isServed = ({ state, request }: Node): boolean =>
  (state === 'rebooting' || state === 'reimaging') && request === undefined;

function arrivalState(node: Node): NodeState {
  switch (node.request?.kind) {
    case 'leave':
      return 'leavingpool';
    case 'reboot':
      return 'rebooting';
    case 'reimage':
      return 'reimaging';
    default:
      return readyState(node);
  }
}

/** A node that can be reached and was asked for nothing is what its start task, its scheduling and its work make it. */
export function showNodeStates(draft: Draft): void {
  for (const node of draft.nodes.values()) if (isReady(node)) enterNodeState(draft, node, readyState(node));
}
