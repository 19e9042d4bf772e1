// Holds the node's session of `node-orders` and hands every message on, one at a time. Losing the session is normal: it is taken again.
import type { z } from 'zod';
import { cloudEventSchema } from '../shared/events/cloud-event.js';
import type { Clock } from '../shared/clock.js';
import type { Log } from '../shared/log.js';
import {
  fileRequestSchema,
  messageTypes,
  orderSchema,
  type FileRequest,
  type Order,
} from '../shared/nodes/node-messages.js';
import type { Bus, ReceivedMessage, SessionReceiver } from '../shared/queues/bus.js';
import { sessionOf, type Identity } from './identity.js';
import type { NodeSeal } from './node-seal.js';
import { isPlainPath } from './task-paths.js';
import { backOffMs, pause, withOwnSignal } from './waiting.js';

export type OrderHandlers = {
  /** Saves what the order asks; resolves, once that is durable, with what to do after the message is completed. */
  readonly acceptOrder: (order: Order) => Promise<() => void>;
  readonly answerFileRequest: (request: FileRequest) => void;
  /** A message was sealed for other keys than this node has now: whoever sent it does not know where the node stands. */
  readonly onOtherKey: () => void;
  /** The session was taken again after it had been held before: something may have been lost meanwhile. */
  readonly onRegained: () => void;
};

export type ReceiveOptions = {
  readonly identity: Identity;
  readonly bus: Bus;
  readonly seal: NodeSeal;
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: AbortSignal;
  readonly handlers: OrderHandlers;
};

const acceptWaitMs = 5_000;
// Idle links are detached after ten minutes, and every wait costs an operation.
const receiveWaitMs = 4 * 60_000;

/** Runs until `stop` is aborted; never rejects. */
export async function receiveOrders(options: ReceiveOptions): Promise<void> {
  const { identity, bus, clock, log, stop, handlers } = options;
  let failures = 0;
  let wasHeld = false;
  while (!stop.aborted) {
    let session: SessionReceiver | undefined;
    try {
      session = await bus.openSession('node-orders', sessionOf(identity), acceptWaitMs);
      if (session !== undefined) {
        log.info('session of the node was taken');
        if (wasHeld) handlers.onRegained();
        wasHeld = true;
        await receiveFrom(session, options, () => (failures = 0));
      } else if (failures === 0) log.warn('session of the node was held by another');
    } catch (error) {
      if (failures === 0 && !stop.aborted) log.warn('session of the node was lost', { error });
    }
    failures += 1;
    // Closing a lost session fails, and there is nothing left to give back then.
    await session?.close().catch(() => undefined);
    await pause(clock, backOffMs(failures), [stop]).catch(() => undefined);
  }
}

async function receiveFrom(session: SessionReceiver, options: ReceiveOptions, onReceived: () => void): Promise<void> {
  const { stop, log, clock } = options;
  while (!stop.aborted) {
    const message = await withOwnSignal(stop, (own) => session.receive(receiveWaitMs, own));
    onReceived();
    if (message === undefined || stop.aborted) continue;
    try {
      await handleMessage(session, message, options);
    } catch (error) {
      if (stop.aborted) return;
      log.error('message was not handled and is taken again', { messageId: message.messageId, error });
      await session.abandon(message);
      await pause(clock, 1_000, [stop]).catch(() => undefined);
    }
  }
}

async function handleMessage(
  session: SessionReceiver,
  message: ReceivedMessage,
  options: ReceiveOptions,
): Promise<void> {
  const { identity, handlers, log, seal } = options;
  const read = await readMessage(message.body, identity, seal);
  switch (read.kind) {
    case 'order': {
      const act = await handlers.acceptOrder(read.order);
      try {
        await session.complete(message);
      } finally {
        // What is journaled is done, whether or not the message comes again.
        act();
      }
      return;
    }
    case 'fileRequest':
      // Whoever asked waits for seconds only; an answer that is lost is asked for again.
      await session.complete(message);
      handlers.answerFileRequest(read.request);
      return;
    case 'otherKey':
      // As an order of another epoch: refused, and told where the node stands.
      log.info('message was sealed for other keys', { messageId: message.messageId });
      await session.complete(message);
      handlers.onOtherKey();
      return;
    case 'unreadable':
      log.warn('message was unreadable', { messageId: message.messageId, reason: read.reason });
      await session.deadLetter(message, read.reason);
      return;
  }
}

export type ReadMessage =
  | { readonly kind: 'order'; readonly order: Order }
  | { readonly kind: 'fileRequest'; readonly request: FileRequest }
  | { readonly kind: 'otherKey' }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** Opens and parses a message body; whatever cannot be an order or a question for this node is unreadable, with the reason. */
export async function readMessage(body: unknown, identity: Identity, seal: NodeSeal): Promise<ReadMessage> {
  const event = cloudEventSchema.safeParse(body);
  if (!event.success) return unreadable('No CloudEvent', event.error);
  const opened = await seal.open(event.data.data);
  switch (opened.kind) {
    case 'otherKey':
      return opened;
    case 'forged':
      return { kind: 'unreadable', reason: 'It is not sealed for this node by its controller' };
    case 'opened':
      return readContent(event.data.type, opened.content, identity);
  }
}

function readContent(type: string, content: unknown, identity: Identity): ReadMessage {
  switch (type) {
    case messageTypes.order: {
      const order = orderSchema.safeParse(content);
      if (!order.success) return unreadable('No order', order.error);
      const directories = [order.data.jobDirectory, ...taskIdsOf(order.data)];
      const crooked = directories.find((path) => !isPlainPath(path));
      if (crooked !== undefined) return { kind: 'unreadable', reason: `No order: '${crooked}' cannot name a folder` };
      return addressedHere(order.data, identity) ?? { kind: 'order', order: order.data };
    }
    case messageTypes.fileRequest: {
      const request = fileRequestSchema.safeParse(content);
      if (!request.success) return unreadable('No file request', request.error);
      return addressedHere(request.data, identity) ?? { kind: 'fileRequest', request: request.data };
    }
    default:
      return { kind: 'unreadable', reason: `Type '${type}' is not known to nodes` };
  }
}

function taskIdsOf(order: Order): string[] {
  const runs = [order.startTask, order.preparation, ...order.tasks, order.release].filter((run) => run !== undefined);
  const taskIds = runs.map((run) => run.taskId);
  return order.preparationTaskId === undefined ? taskIds : [...taskIds, order.preparationTaskId];
}

function addressedHere(
  { poolId, nodeId }: { readonly poolId: string; readonly nodeId: string },
  identity: Identity,
): ReadMessage | undefined {
  if (poolId === identity.poolId && nodeId === identity.nodeId) return undefined;
  return { kind: 'unreadable', reason: `Addressed to node '${poolId}/${nodeId}', not to '${sessionOf(identity)}'` };
}

function unreadable(what: string, error: z.ZodError): ReadMessage {
  // Paths and kinds of faults only: the values may be secrets.
  const faults = error.issues.map((issue) => `${issue.path.join('.')}: ${issue.code}`);
  return { kind: 'unreadable', reason: `${what}: ${faults.join('; ')}`.slice(0, 1_000) };
}
