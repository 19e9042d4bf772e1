// Runs one Service Bus triggered function: receive, invoke, complete on return, abandon on throw; for ever, through every loss.
//
// Concurrency is Azure's: a single-message function runs maxConcurrentCalls messages (or maxConcurrentSessions sessions, each in
// order) at once; a batch function one batch at a time, with sessions one session at a time.
// Each of these strands has a receiver of its own and is serial, so outcomes never mix on one link (see settle.ts).
import { setMaxListeners } from 'node:events';
import { isServiceBusError, ServiceBusClient, RetryMode, type ServiceBusReceiver } from '@azure/service-bus';
import { delay, type Clock } from '../../../shared/clock.js';
import type { Log } from '../../../shared/log.js';
import type { InvocationRequest } from '../app/core-api.js';
import type { HostedFunction, ServiceBusTrigger } from '../app/triggers.js';
import type { ServiceBusOptions } from '../config/host-json.js';
import { withDeadline } from '../deadline.js';
import type { Intake } from '../stop-host.js';
import { receiveBatch } from './receive-batch.js';
import { settle } from './settle.js';
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
const firstLookMs = 1;
/** How long a receive waits without sessions; Azure detaches a link that is idle for ten minutes. */
const longestWaitMs = 5 * 60_000;
const closeDeadlineMs = 5_000;
/** What is added to the client's own time limits before this host takes it for stuck. */
const graceMs = 30_000;

/** Starts receiving at once; a queue that cannot be reached is tried again with back-off (0.1 s to 2 s) and logged once. */
export function startServiceBusTrigger(trigger: ServiceBusTriggerOptions): Intake {
  const { clock, options, hosted } = trigger;
  const { entityPath, isBatch, hasSessions } = hosted.trigger;
  const log = trigger.log.with({ functionName: hosted.name, queueName: entityPath });
  const stopping = new AbortController();
  // Every strand waits on it, and so do the client's calls.
  setMaxListeners(0, stopping.signal);
  const { clientRetryOptions: retry } = options;
  const client = new ServiceBusClient(trigger.connectionString, {
    retryOptions: {
      // The strands retry by themselves: the client's own retries would delay a session's next accept by seconds.
      maxRetries: 0,
      timeoutInMs: retry.tryTimeout,
      mode: retry.mode === 'fixed' ? RetryMode.Fixed : RetryMode.Exponential,
      retryDelayInMs: retry.delay,
      maxRetryDelayInMs: retry.maxDelay,
    },
  });
  const connection = createConnectionLog(log);
  const strandCount = isBatch ? 1 : hasSessions ? options.maxConcurrentSessions : options.maxConcurrentCalls;
  const strands = Array.from({ length: strandCount }, () => runStrand());

  async function runStrand(): Promise<void> {
    let retryMs = firstRetryMs;
    while (!stopping.signal.aborted) {
      let receiver: ServiceBusReceiver | undefined;
      try {
        receiver = hasSessions ? await acceptSession() : openReceiver();
        if (receiver === undefined) continue;
        await handleMessages(receiver, () => {
          connection.works();
          retryMs = firstRetryMs;
        });
      } catch (error) {
        if (stopping.signal.aborted) break;
        connection.failed(error);
        await delay(clock, retryMs, stopping.signal).catch(() => undefined);
        retryMs = Math.min(retryMs * 2, longestRetryMs);
      } finally {
        await close(receiver);
      }
    }
  }

  function openReceiver(): ServiceBusReceiver {
    return client.createReceiver(entityPath, {
      skipParsingBodyAsJson: true,
      maxAutoLockRenewalDurationInMs: isBatch ? 0 : options.maxAutoLockRenewalDuration,
    });
  }

  /** The next session that has messages; undefined when none came within the client's time limit, or on stop. */
  async function acceptSession(): Promise<ServiceBusReceiver | undefined> {
    const accepting = client.acceptNextSession(entityPath, {
      skipParsingBodyAsJson: true,
      maxAutoLockRenewalDurationInMs: isBatch ? 0 : options.maxAutoLockRenewalDuration,
      abortSignal: stopping.signal,
    });
    try {
      // The client does not give up a pending accept when aborted; closing it does, after the strands have ended.
      return await withDeadline(accepting, { clock, ms: retry.tryTimeout + graceMs, signal: stopping.signal });
    } catch (error) {
      accepting.then(close, () => undefined);
      if (stopping.signal.aborted) return undefined;
      if (!isServiceBusError(error) || error.code !== 'ServiceTimeout') throw error;
      connection.works();
      return undefined;
    }
  }

  /** Handles one receiver's messages until it has none left (sessions), it is lost (rejects), or the host stops. */
  async function handleMessages(receiver: ServiceBusReceiver, onReached: () => void): Promise<void> {
    const maxCount = isBatch ? (hosted.trigger.maxMessageBatchSize ?? options.maxMessageBatchSize) : 1;
    const mayKeep = sessionKeeper(receiver, clock);
    // The first look at a queue is short: it tells that the link is up.
    let maxWaitMs = hasSessions ? options.sessionIdleTimeout : firstLookMs;
    while (!stopping.signal.aborted && mayKeep()) {
      const receiving = receiveBatch(receiver, { maxCount, maxWaitMs, signal: stopping.signal });
      const messages = await withDeadline(receiving, { clock, ms: maxWaitMs + graceMs });
      onReached();
      if (messages.length > 0) await handle(receiver, messages);
      else if (hasSessions || receiver.isClosed) return;
      if (!hasSessions) maxWaitMs = longestWaitMs;
    }
  }

  async function handle(
    receiver: ServiceBusReceiver,
    messages: Awaited<ReturnType<typeof receiveBatch>>,
  ): Promise<void> {
    const form = { bindingName: hosted.bindingName, isBinary: hosted.trigger.isBinary };
    const [first] = messages;
    if (first === undefined) return;
    const request = isBatch
      ? batchRequest(messages, { ...form, keepEmpty: trigger.keepEmpty })
      : singleRequest(first, form);
    const outcome = await trigger.invoke(request).then(
      () => 'complete' as const,
      () => 'abandon' as const,
    );
    const autoComplete = hosted.trigger.autoCompleteMessages ?? options.autoCompleteMessages;
    if (outcome === 'complete' && !autoComplete) return;
    await settle(receiver, messages, outcome, { clock, log });
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
      await withDeadline(client.close(), { clock, ms: closeDeadlineMs }).catch(() => undefined);
    },
  };
}

/**
 * Whether a session may be kept for one more round. It is given back between two rounds when less than half of its lock is left:
 * a session that never idles would else lose its lock in the middle of a message, and others would never get their turn.
 */
function sessionKeeper(receiver: ServiceBusReceiver, clock: Clock): () => boolean {
  const lockedUntil = (): number | undefined =>
    'sessionLockedUntilUtc' in receiver && receiver.sessionLockedUntilUtc instanceof Date
      ? receiver.sessionLockedUntilUtc.getTime()
      : undefined;
  const left = (): number => (lockedUntil() ?? Number.POSITIVE_INFINITY) - clock.now().getTime();
  const lockDurationMs = left();
  return () => !Number.isFinite(lockDurationMs) || left() >= lockDurationMs / 2;
}

/** One line when the queue is lost and one when it is back, however many strands and attempts there are in between. */
function createConnectionLog(log: Log): { works(): void; failed(error: unknown): void } {
  let isFailing = false;
  return {
    works() {
      if (isFailing) log.info('queue was reached again');
      isFailing = false;
    },
    failed(error) {
      if (!isFailing) log.warn('queue was lost; trying again', { error });
      isFailing = true;
    },
  };
}
