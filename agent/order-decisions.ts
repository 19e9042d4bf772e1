// What an order changes in the journal, and what is to be done once that is saved. Pure.
// Applying the same order twice changes nothing the second time, except that a report becomes due.
import type { Order, RunOrder } from '../shared/nodes/node-messages.js';
import type { FailureInfo } from '../shared/tasks/run-definition.js';
import { ageAt, type Instant } from './instant.js';
import { isWorthKeeping, type LogTarget } from './kept-log.js';
import type { EarlyKill, ForgottenJob, NodeRecord } from './node-record.js';
import { endedUnstarted } from './run-decisions.js';
import type { RunRecord } from './run-record.js';

export type SeenByOrder = {
  readonly node: NodeRecord;
  readonly runs: ReadonlyMap<string, RunRecord>;
  readonly pending: ReadonlyMap<string, RunRecord>;
  readonly forgottenJobs: ReadonlyMap<string, ForgottenJob>;
  readonly earlyKills: ReadonlyMap<string, EarlyKill>;
  /** Number of the first report of this epoch that carried a run's end. */
  readonly endReportedIn: ReadonlyMap<string, number>;
  readonly logTargets: ReadonlyMap<string, LogTarget>;
};

export type OrderDecision =
  /** Of another epoch, or of a job that is gone and has nothing left to kill: nothing is done, a report tells where the node stands. */
  | { readonly kind: 'refused' }
  | {
      readonly kind: 'applied';
      /** To be saved before the order's message is completed. */
      readonly runs: readonly RunRecord[];
      readonly earlyKills: readonly EarlyKill[];
      readonly forgottenJobs: readonly ForgottenJob[];
      readonly logTargets: readonly LogTarget[];
      /** Runs to be ended if they have not ended. */
      readonly kills: readonly { readonly runId: string; readonly failure: FailureInfo }[];
      /** A report is due at once, not only within the order's bound. */
      readonly isReportDue: boolean;
    };

export function decideOrder(given: Order, seen: SeenByOrder, now: Instant): OrderDecision {
  if (isOfAnotherEpoch(given, seen.node)) return { kind: 'refused' };
  const order = seen.forgottenJobs.has(given.incarnation) ? onlyKills(given, seen) : given;
  if (order === undefined) return { kind: 'refused' };
  const earlyKills = order.kills
    .filter(({ runId }) => seen.runs.get(runId)?.state.name !== 'ended' && !seen.earlyKills.has(runId))
    .map(({ runId, failure }) => ({
      version: 1 as const,
      runId,
      incarnation: order.incarnation,
      failure,
      at: now,
    }));
  const killed = new Map([...seen.earlyKills.values(), ...earlyKills].map((kill) => [kill.runId, kill.failure]));
  const ordered = [order.startTask, order.preparation, ...order.tasks, order.release].filter(
    (run) => run !== undefined,
  );
  const fresh = ordered
    .filter(({ runId }) => !seen.runs.has(runId))
    .map((run) => toRecord(run, order, seen.node.imageEpoch, killed.get(run.runId), now));
  const renewed = ordered.flatMap((run) => renew(seen.runs.get(run.runId), run));
  // Who orders or kills a run that has ended has not kept its end, whatever was acknowledged: it is reported once more.
  const askedAgain = [...ordered, ...order.kills]
    .map(({ runId }) => seen.runs.get(runId))
    .filter((run) => run?.state.name === 'ended')
    .filter((run) => run !== undefined)
    .map((run) => withAcknowledgement(run, false));
  const again = new Set(askedAgain.map((run) => run.runId));
  const acknowledged = acknowledgedBy(order, seen).filter((run) => !again.has(run.runId));
  return {
    kind: 'applied',
    runs: uniqueByRun([...fresh, ...renewed, ...acknowledged, ...askedAgain]),
    earlyKills,
    forgottenJobs: order.forget
      ? [
          {
            version: 1,
            incarnation: order.incarnation,
            jobDirectory: order.jobDirectory,
            at: now,
            isDone: false,
          },
        ]
      : [],
    logTargets: logTargetOf(order, seen, now),
    kills: order.kills,
    isReportDue:
      fresh.length + renewed.length < ordered.length ||
      askedAgain.length > 0 ||
      fresh.some((run) => run.state.name === 'ended'),
  };
}

// What was begun before the job was forgotten keeps its folder from going, for as long as it runs.
function onlyKills(order: Order, { pending }: SeenByOrder): Order | undefined {
  const kills = order.kills.filter(({ runId }) => (pending.get(runId)?.state.name ?? 'ended') !== 'ended');
  if (kills.length === 0) return undefined;
  const { startTask: _, preparation: __, release: ___, ...rest } = order;
  return { ...rest, tasks: [], kills, forget: false };
}

/** Whether an order was given to this node before a boot, or before it lost the image that the order knows. */
export function isOfAnotherEpoch({ epoch, imageId }: Order, node: NodeRecord): boolean {
  return epoch !== node.epoch || (imageId !== undefined && imageId !== node.imageId);
}

/** Whether the controller knows a later epoch of this node, or another image under a number that this one took again. */
export function mustOutrank({ epoch, imageId }: Order, node: NodeRecord): boolean {
  const isOfAnotherImage = imageId !== undefined && imageId !== node.imageId;
  return epoch > node.epoch || (isOfAnotherImage && epoch >= node.imageEpoch);
}

function toRecord(
  run: RunOrder,
  order: Order,
  imageEpoch: number,
  killed: FailureInfo | undefined,
  now: Instant,
): RunRecord {
  return {
    version: 1,
    runId: run.runId,
    kind: run.kind,
    jobId: order.jobId,
    incarnation: order.incarnation,
    jobDirectory: order.jobDirectory,
    ...(order.preparationTaskId === undefined ? {} : { preparationTaskId: order.preparationTaskId }),
    taskId: run.taskId,
    attempt: run.attempt,
    ...(run.requiresPreparation === undefined ? {} : { requiresPreparation: run.requiresPreparation }),
    imageEpoch,
    acceptedAt: now,
    state:
      killed === undefined
        ? { name: 'accepted', definition: run.definition }
        : endedUnstarted(now, { ending: 'neverStarted', failure: killed }),
  };
}

/** The record of a run that waited for its order to come again, now that it has. */
function renew(known: RunRecord | undefined, { definition }: RunOrder): readonly RunRecord[] {
  if (known?.state.name !== 'accepted' || known.state.needsFreshOrder !== true) return [];
  const { needsFreshOrder: _, renewals = 0, ...state } = known.state;
  return [{ ...known, state: { ...state, definition, renewals: renewals + 1 } }];
}

function logTargetOf({ logTarget, incarnation, forget }: Order, seen: SeenByOrder, now: Instant): LogTarget[] {
  const isWanted = logTarget !== undefined && !forget;
  if (!isWanted || !isWorthKeeping(seen.logTargets.get(incarnation), (instant) => ageAt(instant, now))) return [];
  return [{ version: 1, incarnation, url: logTarget.url, at: now }];
}

function acknowledgedBy({ acknowledged }: Order, seen: SeenByOrder): RunRecord[] {
  if (acknowledged.epoch !== seen.node.epoch) return [];
  return [...seen.pending.values()]
    .filter((run) => run.state.name === 'ended')
    .filter((run) => (seen.endReportedIn.get(run.runId) ?? Infinity) <= acknowledged.sequence)
    .map((run) => withAcknowledgement(run, true));
}

function withAcknowledgement(run: RunRecord, acknowledged: boolean): RunRecord {
  return run.state.name === 'ended' ? { ...run, state: { ...run.state, acknowledged } } : run;
}

function uniqueByRun(runs: readonly RunRecord[]): RunRecord[] {
  return [...new Map(runs.map((run) => [run.runId, run])).values()];
}
