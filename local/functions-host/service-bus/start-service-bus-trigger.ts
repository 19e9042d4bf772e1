// Runs one Service Bus triggered function: receive, invoke, complete on return, abandon on throw; for ever, through every loss.
//
// Concurrency is Azure's: a single-message function runs maxConcurrentCalls messages (or maxConcurrentSessions sessions, each in
// order) at once; a batch function one batch at a time, with sessions one session at a time.
// Each of these strands has a receiver of its own and is serial, so outcomes never mix on one link (see settle.ts).
import { isServiceBusError, type ServiceBusReceivedMessage, type ServiceBusReceiver } from '@azure/service-bus';
import { setMaxListeners } from 'node:events';
import { delay, type Clock } from '../../../shared/clock.js';
import type { Log } from '../../../shared/log.js';
import type { InvocationRequest } from '../app/core-api.js';
import type { HostedFunction, ServiceBusTrigger } from '../app/triggers.js';
import type { ServiceBusOptions } from '../config/host-json.js';
import { withDeadline } from '../deadline.js';
import type { Intake } from '../stop-host.js';
import { createBusConnection, type BusConnection } from './bus-connection.js';
import { openInbox } from './inbox.js';
import { createLossLog } from './loss-log.js';
import { keepSession } from './session-lock.js';
import { settle, type Settler } from './settle.js';
import { batchRequest, singleRequest } from './trigger-data.js';

export type ServiceBusTriggerOptions = {
  readonly hosted: Omit<HostedFunction<ServiceBusTrigger>, 'registered'>;
  readonly connectionString: string;
  readonly options: ServiceBusOptions;
  /** The app's capability IncludeEmptyEntriesInMessagePayload. */
  readonly keepEmpty: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly invoke: (request: InvocationRequest) => Promise<unknown>;
};

const firstRetryMs = 100;
const longestRetryMs = 2_000;
/** Without sessions a wait has no end; this one is merely begun again. */
const longestWaitMs = 60 * 60_000;
/** After so long without a failure a queue counts as reached, though it may have nothing to say. */
const reachedAfterMs = 3_000;
/** What an accept may take beyond the client's own time limit before its connection is given up. */
const graceMs = 5_000;
const closeDeadlineMs = 2_000;

/** Starts receiving at once; a queue that cannot be reached is tried again with back-off (0.1 s to 2 s) and logged once. */
export function startServiceBusTrigger(trigger: ServiceBusTriggerOptions): Intake {
  const { clock, options, hosted } = trigger;
  const { entityPath, isBatch, hasSessions } = hosted.trigger;
  const log = trigger.log.with({ functionName: hosted.name, queueName: entityPath });
  const loss = createLossLog(log);
  const stopping = new AbortController();
  // Every strand waits on it, and so do the client's calls.
  setMaxListeners(0, stopping.signal);
  const receiverOptions = {
    // The function gets the body as it was sent.
    skipParsingBodyAsJson: true,
    maxAutoLockRenewalDurationInMs: isBatch ? 0 : options.maxAutoLockRenewalDuration,
  };
  const strandCount = isBatch ? 1 : hasSessions ? options.maxConcurrentSessions : options.maxConcurrentCalls;
  let connection = createBusConnection(trigger.connectionString, options, clock);
  const strands = Array.from({ length: strandCount }, () => runStrand());

  /** The connection all strands share, a new one after a loss. */
  function connect(): BusConnection {
    if (connection.lost.aborted) connection = createBusConnection(trigger.connectionString, options, clock);
    return connection;
  }

  async function runStrand(): Promise<void> {
    let retryMs = firstRetryMs;
    while (!stopping.signal.aborted) {
      const current = connect();
      let receiver: ServiceBusReceiver | undefined;
      try {
        receiver = hasSessions ? await acceptSession(current) : openReceiver(current);
        if (receiver === undefined) continue;
        await handleMessages({ receiver, lost: current.lost }, () => {
          loss.ended();
          retryMs = firstRetryMs;
        });
      } catch (error) {
        if (stopping.signal.aborted) break;
        loss.happened(error);
        if (!isOfLinkAlone(error) || retryMs >= longestRetryMs)
          void current.giveUp(new Error('Given up after a failure'));
        await delay(clock, retryMs, stopping.signal).catch(() => undefined);
        retryMs = Math.min(retryMs * 2, longestRetryMs);
      } finally {
        await close(receiver);
      }
    }
  }

  function openReceiver({ client }: BusConnection): ServiceBusReceiver {
    return client.createReceiver(entityPath, { ...receiverOptions });
  }

  /** The next session that has messages; undefined when none came within the client's time limit, or on stop. */
  async function acceptSession({ client, lost }: BusConnection): Promise<ServiceBusReceiver | undefined> {
    const accepting = client.acceptNextSession(entityPath, { ...receiverOptions });
    const limits = { clock, ms: options.clientRetryOptions.tryTimeout + graceMs };
    try {
      return await withDeadline(withDeadline(accepting, { ...limits, signal: stopping.signal }), {
        ...limits,
        signal: lost,
      });
    } catch (error) {
      // A pending accept cannot be taken back; it ends with its connection.
      accepting.then(close, () => undefined);
      if (stopping.signal.aborted) return undefined;
      if (!isServiceBusError(error) || error.code !== 'ServiceTimeout') throw error;
      loss.ended();
      return undefined;
    }
  }

  /** Handles one receiver's messages until it has none left (sessions), it is lost (rejects), or the host stops. */
  async function handleMessages(settler: Settler, onReached: () => void): Promise<void> {
    const { receiver, lost } = settler;
    const maxCount = isBatch ? (hosted.trigger.maxMessageBatchSize ?? options.maxMessageBatchSize) : 1;
    const idleMs = hasSessions ? options.sessionIdleTimeout : longestWaitMs;
    const mayKeep = keepSession(receiver, clock);
    const inbox = openInbox(receiver, { credit: maxCount, clock, lost, stopping: stopping.signal });
    const reached = clock.schedule(reachedAfterMs, onReached);
    try {
      while (!stopping.signal.aborted && mayKeep()) {
        const messages = await inbox.take({ maxCount, idleMs });
        if (messages.length === 0 && hasSessions) return;
        if (messages.length === 0) continue;
        onReached();
        await handle(settler, messages);
        inbox.release(messages);
      }
    } finally {
      reached.cancel();
      const left = await inbox.stop();
      // A session's messages go back with it; others would stay locked.
      if (!hasSessions && !lost.aborted) await settle(settler, left, 'abandon', { clock, log });
    }
  }

  async function handle(settler: Settler, messages: readonly ServiceBusReceivedMessage[]): Promise<void> {
    const outcome = await trigger.invoke(toRequest(messages)).then(
      () => 'complete' as const,
      () => 'abandon' as const,
    );
    const autoComplete = hosted.trigger.autoCompleteMessages ?? options.autoCompleteMessages;
    if (outcome === 'complete' && !autoComplete) return;
    const another = (): Settler => {
      const current = connect();
      return { receiver: openReceiver(current), lost: current.lost };
    };
    await settle(settler, messages, outcome, { clock, log, ...(!hasSessions && { another }) });
  }

  function toRequest(messages: readonly ServiceBusReceivedMessage[]): InvocationRequest {
    const form = { bindingName: hosted.bindingName, isBinary: hosted.trigger.isBinary };
    const [first] = messages;
    return isBatch || first === undefined
      ? batchRequest(messages, { ...form, keepEmpty: trigger.keepEmpty })
      : singleRequest(first, form);
  }

  async function close(receiver: ServiceBusReceiver | undefined): Promise<void> {
    if (receiver === undefined) return;
    // A link that is already gone has nothing to close; one that hangs must not hold its strand.
    await withDeadline(receiver.close(), { clock, ms: closeDeadlineMs }).catch(() => undefined);
  }

  return {
    async stopReceiving() {
      stopping.abort();
      await Promise.all(strands);
    },
    async close() {
      stopping.abort();
      await connection.giveUp(new Error('The host stopped'));
    },
  };
}

// What says nothing against the connection. Anything else may have left others on it waiting for ever.
const linkCodes = [
  ...['SessionLockLost', 'SessionCannotBeLocked', 'MessageLockLost', 'ServiceBusy', 'QuotaExceeded'],
  ...['MessagingEntityNotFound', 'MessagingEntityDisabled', 'UnauthorizedAccess'],
];

function isOfLinkAlone(error: unknown): boolean {
  return isServiceBusError(error) && linkCodes.includes(error.code);
}
