// What wakes a pass, or a look at a job schedule: one batch of messages of one session. They are parsed one by one, so that a bad one drags no
// neighbour down.
import { cloudEventSchema } from '../events/cloud-event.js';
import { saveDeadLetter } from '../events/dead-letters.js';
import { hintSchema, hintTypes } from '../events/hints.js';
import { jobScheduleHintSchema, jobScheduleHintTypes, jobScheduleSession } from '../events/job-schedule-hints.js';
import { lookAtJobSchedule } from '../job-schedules/look-at-job-schedule.js';
import { describeError } from '../log.js';
import { messageTypes, poolSession, reportSchema } from '../nodes/node-messages.js';
import { BusUnavailable } from '../queues/bus.js';
import { BlobsUnavailable } from '../blobs/blobs.js';
import { DoNotRetry } from '../errors.js';
import type { Services } from '../services.js';
import { TableConflict, TableUnavailable } from '../tables/table.js';
import { runPass } from './run-pass.js';
import { askEverything } from './decide-pass.js';
import { jobKey, type Asked, type ReceivedReport } from './seen.js';

/** A message as its trigger hands it over; `deliveryCount` is 1 on the first delivery. */
export type JobEventMessage = {
  readonly body: unknown;
  readonly messageId: string;
  readonly sessionId?: string;
  readonly deliveryCount: number;
};

/** What a message is about, and in which session it has to come. */
type Parsed = { readonly message: JobEventMessage; readonly session: string } & (
  | { readonly poolId: string; readonly asks: Partial<Asked> }
  | { readonly scheduleId: string; readonly isWakeUp: boolean; readonly isSweep: boolean }
);
type OfPool = Extract<Parsed, { poolId: string }>;
type OfSchedule = Extract<Parsed, { scheduleId: string }>;

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
  const sessions = new Map<string, Parsed[]>();
  for (const each of parsed) sessions.set(each.session, [...(sessions.get(each.session) ?? []), each]);
  for (const ofSession of sessions.values()) {
    await passFor(
      services,
      ofSession.filter((each): each is OfPool => 'poolId' in each),
    );
    await lookFor(
      services,
      ofSession.filter((each): each is OfSchedule => 'scheduleId' in each),
    );
  }
}

/** All of them in one pass; should that fail for no passing reason, one by one, to find the one that is to blame. */
async function passFor(services: Services, parsed: readonly OfPool[]): Promise<void> {
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

/** All of them in one look: what they say of the schedule is only that somebody should. */
async function lookFor(services: Services, parsed: readonly OfSchedule[]): Promise<void> {
  const [first] = parsed;
  if (first === undefined) return;
  try {
    await lookAtJobSchedule(services, first.scheduleId, {
      reask: parsed.some(({ message, isSweep }) => isSweep || message.deliveryCount > 1),
      isWoken: parsed.some(({ isWakeUp }) => isWakeUp),
    });
  } catch (error) {
    if (isPassing(error)) throw error;
    services.log.error('look at a job schedule failed', { scheduleId: first.scheduleId, error });
    for (const each of parsed) await giveUp(services, each.message, error);
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
      session: poolSession(report.data.poolId),
      poolId: report.data.poolId,
      asks: { reports: [{ ...report.data, signed: data }], jobIds: jobsOf(report.data) },
    });
  }
  const ofSchedule = Object.values(jobScheduleHintTypes).find((each) => each === type);
  if (ofSchedule !== undefined) return parseScheduleHint(message, data, ofSchedule);
  const known = Object.values(hintTypes).find((each) => each === type);
  if (known === undefined) throw new DoNotRetry(`Nobody handles events of type '${type}'`);
  const hint = hintSchema.safeParse(data);
  if (!hint.success) throw new DoNotRetry(`The hint cannot be read: ${hint.error.message}`);
  const { poolId, jobId } = hint.data;
  const sweeps = known === hintTypes.sweep;
  return inSession({
    message,
    session: poolSession(poolId),
    poolId,
    asks: {
      ...(jobId === undefined ? {} : { jobIds: [jobKey(jobId)], changedJobs: [jobKey(jobId)] }),
      // What could not run in the pool that had this id before may run in the new one.
      everyJob: sweeps || known === hintTypes.wakeUp || known === hintTypes.poolAdded,
      reask: sweeps,
    },
  });
}

function parseScheduleHint(message: JobEventMessage, data: unknown, type: string): Parsed {
  const hint = jobScheduleHintSchema.safeParse(data);
  if (!hint.success) throw new DoNotRetry(`The hint cannot be read: ${hint.error.message}`);
  const { scheduleId } = hint.data;
  return inSession({
    message,
    session: jobScheduleSession(scheduleId),
    scheduleId,
    isWakeUp: type === jobScheduleHintTypes.wakeUp,
    isSweep: type === jobScheduleHintTypes.sweep,
  });
}

// One pass at a time per pool, and one look at a time per schedule, hold only for messages in its session.
function inSession(parsed: Parsed): Parsed {
  const { sessionId } = parsed.message;
  if (sessionId !== undefined && sessionId !== parsed.session) {
    const about = 'poolId' in parsed ? `pool '${parsed.poolId}'` : `job schedule '${parsed.scheduleId}'`;
    throw new DoNotRetry(`The message is about ${about} but came in the session of '${sessionId}'`);
  }
  return parsed;
}

// A start task is of no job.
const jobsOf = (report: ReceivedReport): readonly string[] =>
  report.runs.filter(({ kind }) => kind !== 'startTask').map((run) => run.jobId.toLowerCase());

function toAsked(parsed: readonly OfPool[]): Asked {
  const redelivered = parsed.some(({ message }) => message.deliveryCount > 1);
  return {
    reports: newestOfEachNode(parsed.flatMap(({ asks }) => asks.reports ?? [])),
    jobIds: [...new Set(parsed.flatMap(({ asks }) => asks.jobIds ?? []))],
    changedJobs: parsed.flatMap(({ asks }) => asks.changedJobs ?? []),
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
