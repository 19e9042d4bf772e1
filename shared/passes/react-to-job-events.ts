// What wakes a pass: one batch of messages of one pool's session. They are parsed one by one, so that a bad one drags no neighbour down.
import { cloudEventSchema } from '../events/cloud-event.js';
import { saveDeadLetter } from '../events/dead-letters.js';
import { hintSchema, hintTypes } from '../events/hints.js';
import { describeError } from '../log.js';
import { messageTypes, reportSchema } from '../nodes/node-messages.js';
import { BusUnavailable } from '../queues/bus.js';
import { BlobsUnavailable } from '../blobs/blobs.js';
import { DoNotRetry } from '../errors.js';
import type { Services } from '../services.js';
import { TableConflict, TableUnavailable } from '../tables/table.js';
import { runPass } from './run-pass.js';
import { askEverything } from './decide-pass.js';
import type { Asked, ReceivedReport } from './seen.js';

/** A message as its trigger hands it over; `deliveryCount` is 1 on the first delivery. */
export type JobEventMessage = {
  readonly body: unknown;
  readonly messageId: string;
  readonly sessionId?: string;
  readonly deliveryCount: number;
};

type Parsed = { readonly message: JobEventMessage; readonly poolId: string; readonly asks: Partial<Asked> };

const queue = 'job-events';

/**
 * Handles one batch: returns once everything it asked for is saved and sent; throws when it has to be delivered again.
 * A message that cannot be handled by anyone becomes a dead letter.
 */
export async function reactToJobEvents(services: Services, messages: readonly JobEventMessage[]): Promise<void> {
  const parsed: Parsed[] = [];
  for (const message of messages) {
    try {
      parsed.push(parse(services, message));
    } catch (error) {
      await giveUp(services, message, error);
    }
  }
  const pools = new Map<string, Parsed[]>();
  for (const each of parsed) {
    const key = each.poolId.toLowerCase();
    pools.set(key, [...(pools.get(key) ?? []), each]);
  }
  for (const ofPool of pools.values()) await passFor(services, ofPool);
}

/** All of them in one pass; should that fail for no passing reason, one by one, to find the one that is to blame. */
async function passFor(services: Services, parsed: readonly Parsed[]): Promise<void> {
  const [first] = parsed;
  if (first === undefined) return;
  try {
    await runPass(services, first.poolId, toAsked(parsed));
  } catch (error) {
    if (isPassing(error)) throw error;
    if (parsed.length === 1) return giveUp(services, first.message, error);
    services.log.error('pass failed, trying its messages one by one', { poolId: first.poolId, error });
    // Whatever the failed attempt had saved was not sent.
    for (const each of parsed) await passFor(services, [{ ...each, asks: askEverything(toAsked([each])) }]);
  }
}

const isPassing = (error: unknown): boolean =>
  [TableConflict, TableUnavailable, BusUnavailable, BlobsUnavailable].some((kind) => error instanceof kind);

async function giveUp(services: Services, message: JobEventMessage, error: unknown): Promise<void> {
  await saveDeadLetter(services, {
    queue,
    messageId: message.messageId,
    ...(message.sessionId === undefined ? {} : { sessionId: message.sessionId }),
    attempts: message.deliveryCount,
    reason: error instanceof DoNotRetry ? error.message : describeError(error),
    body: message.body,
  });
}

function parse({ sealing }: Services, message: JobEventMessage): Parsed {
  const event = cloudEventSchema.safeParse(message.body);
  if (!event.success) throw new DoNotRetry(`The body is not a CloudEvent: ${event.error.message}`);
  const { type, data } = event.data;
  if (type === messageTypes.report) {
    // Whether it is the node's own word is looked at by the pass, which knows the node's keys.
    const report = reportSchema.safeParse(sealing.read(data));
    if (!report.success) throw new DoNotRetry(`The report cannot be read: ${report.error.message}`);
    return inSession({
      message,
      poolId: report.data.poolId,
      asks: { reports: [{ ...report.data, signed: data }], jobIds: jobsOf(report.data) },
    });
  }
  const known = Object.values(hintTypes).find((each) => each === type);
  if (known === undefined) throw new DoNotRetry(`Nobody handles events of type '${type}'`);
  const hint = hintSchema.safeParse(data);
  if (!hint.success) throw new DoNotRetry(`The hint cannot be read: ${hint.error.message}`);
  const { poolId, jobId } = hint.data;
  const sweeps = known === hintTypes.sweep;
  return inSession({
    message,
    poolId,
    asks: {
      ...(jobId === undefined ? {} : { jobIds: [jobId.toLowerCase()] }),
      // What could not run in the pool that had this id before may run in the new one.
      everyJob: sweeps || known === hintTypes.wakeUp || known === hintTypes.poolAdded,
      reask: sweeps,
    },
  });
}

// One pass at a time per pool holds only for messages in that pool's session.
function inSession(parsed: Parsed): Parsed {
  const { sessionId } = parsed.message;
  if (sessionId !== undefined && sessionId !== parsed.poolId.toLowerCase()) {
    throw new DoNotRetry(`The message is about pool '${parsed.poolId}' but came in the session of '${sessionId}'`);
  }
  return parsed;
}

// A start task is of no job.
const jobsOf = (report: ReceivedReport): readonly string[] =>
  report.runs.filter(({ kind }) => kind !== 'startTask').map((run) => run.jobId.toLowerCase());

function toAsked(parsed: readonly Parsed[]): Asked {
  const redelivered = parsed.some(({ message }) => message.deliveryCount > 1);
  return {
    reports: newestOfEachNode(parsed.flatMap(({ asks }) => asks.reports ?? [])),
    jobIds: [...new Set(parsed.flatMap(({ asks }) => asks.jobIds ?? []))],
    everyJob: redelivered || parsed.some(({ asks }) => asks.everyJob === true),
    reask: redelivered || parsed.some(({ asks }) => asks.reask === true),
  };
}

/** A report is a snapshot, so that of each node only the newest counts. */
function newestOfEachNode(reports: readonly ReceivedReport[]): readonly ReceivedReport[] {
  const newest = new Map<string, ReceivedReport>();
  for (const report of reports) {
    const known = newest.get(report.nodeId);
    const newer =
      known === undefined ||
      report.epoch > known.epoch ||
      (report.epoch === known.epoch && report.sequence > known.sequence);
    if (newer) newest.set(report.nodeId, report);
  }
  return [...newest.values()];
}
