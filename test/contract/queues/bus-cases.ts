// What the bus promises, whoever provides it: the real client on the embedded broker, and the simulator's on virtual time.
import { expect } from 'vitest';
import type { Clock } from '../../../shared/clock.js';
import { delay } from '../../../shared/clock.js';
import {
  SessionLost,
  type Bus,
  type OutgoingMessage,
  type QueueName,
  type SessionReceiver,
} from '../../../shared/queues/bus.js';

export type BusCase = { readonly title: string; run(bus: Bus, clock: Clock, broker: BusPowers): Promise<void> };

/** What a case may do to the broker behind the bus. */
export type BusPowers = {
  /** Ends the lock of a session as if its time had come. */
  expireLock(queue: QueueName, sessionId: string): void;
  /** Has the broker take the links back on which nothing was done for a long time. */
  detachIdleLinks(): Promise<void>;
  /** How many messages of a queue nobody holds. */
  waiting(queue: QueueName): number;
  /** Lets time pass for the broker. */
  pass(ms: number): Promise<void>;
};

const waitMs = 5_000;

export function messageWith(
  messageId: string,
  sessionId: string,
  changes: Partial<OutgoingMessage> = {},
): OutgoingMessage {
  return {
    messageId,
    sessionId,
    body: { specversion: '1.0', id: messageId, source: '/cases', type: 'dev.bookend.case', data: { messageId } },
    ...changes,
  };
}

async function open(bus: Bus, sessionId: string): Promise<SessionReceiver> {
  const session = await bus.openSession('node-orders', sessionId, waitMs);
  if (session === undefined) throw new Error(`Session '${sessionId}' was held by another`);
  return session;
}

async function receive(session: SessionReceiver) {
  const message = await session.receive(waitMs);
  if (message === undefined) throw new Error('No message came');
  return message;
}

export const busCases: readonly BusCase[] = [
  {
    title: 'a session gives its messages in the order they were sent, with body, id and session',
    async run(bus) {
      await bus.send('node-orders', [messageWith('1', 'order'), messageWith('2', 'order')]);
      await bus.send('node-orders', [messageWith('3', 'order')]);
      const session = await open(bus, 'order');
      for (const id of ['1', '2', '3']) {
        const message = await receive(session);
        expect(message).toMatchObject({
          messageId: id,
          sessionId: 'order',
          deliveryCount: 1,
          body: { data: { messageId: id } },
        });
        await session.complete(message);
      }
      expect(await session.receive(20)).toBeUndefined();
      await session.close();
    },
  },
  {
    title: 'a session has one holder, until it is closed',
    async run(bus) {
      const first = await open(bus, 'one');
      expect(await bus.openSession('node-orders', 'one', waitMs)).toBeUndefined();
      await first.close();
      await (await open(bus, 'one')).close();
    },
  },
  {
    title: 'sessions do not see each other’s messages',
    async run(bus) {
      await bus.send('node-orders', [messageWith('a', 'left'), messageWith('b', 'right')]);
      const right = await open(bus, 'right');
      const message = await receive(right);
      expect(message.messageId).toBe('b');
      await right.complete(message);
      expect(await right.receive(20)).toBeUndefined();
      await right.close();
    },
  },
  {
    title: 'an abandoned message comes again and counts its deliveries',
    async run(bus) {
      await bus.send('node-orders', [messageWith('again', 'count')]);
      const session = await open(bus, 'count');
      await session.abandon(await receive(session));
      const second = await receive(session);
      expect(second).toMatchObject({ messageId: 'again', deliveryCount: 2 });
      await session.complete(second);
      await session.close();
    },
  },
  {
    title: 'what a closed session had not settled comes again, before what was sent later',
    async run(bus) {
      await bus.send('node-orders', [messageWith('early', 'left-over')]);
      const first = await open(bus, 'left-over');
      await receive(first);
      await first.close();
      await bus.send('node-orders', [messageWith('late', 'left-over')]);
      const second = await open(bus, 'left-over');
      for (const id of ['early', 'late']) {
        const message = await receive(second);
        expect(message.messageId).toBe(id);
        await second.complete(message);
      }
      await second.close();
    },
  },
  {
    title: 'a message that is dead-lettered, or abandoned too often, blocks its session no longer',
    async run(bus) {
      await bus.send('node-orders', [
        messageWith('bad', 'dead'),
        messageWith('worse', 'dead'),
        messageWith('good', 'dead'),
      ]);
      const session = await open(bus, 'dead');
      await session.deadLetter(await receive(session), 'nobody can read it');
      for (let count = 1; count <= 10; count += 1) {
        const message = await receive(session);
        expect(message).toMatchObject({ messageId: 'worse', deliveryCount: count });
        await session.abandon(message);
      }
      const good = await receive(session);
      expect(good.messageId).toBe('good');
      await session.complete(good);
      await session.close();
    },
  },
  {
    title: 'a message sent twice comes twice where no duplicates are looked for',
    async run(bus) {
      await bus.send('node-orders', [messageWith('twin', 'twice')]);
      await bus.send('node-orders', [messageWith('twin', 'twice')]);
      const session = await open(bus, 'twice');
      for (let count = 0; count < 2; count += 1) {
        const message = await receive(session);
        expect(message).toMatchObject({ messageId: 'twin', deliveryCount: 1 });
        await session.complete(message);
      }
      await session.close();
    },
  },
  {
    title: 'a scheduled message stays hidden until its time, and takes its place in the line then',
    async run(bus, clock) {
      const at = new Date(clock.now().getTime() + 1_500);
      await bus.send('node-orders', [messageWith('later', 'schedule', { scheduledEnqueueTime: at })]);
      await bus.send('node-orders', [messageWith('now', 'schedule')]);
      const session = await open(bus, 'schedule');
      const first = await receive(session);
      expect(first.messageId).toBe('now');
      await session.complete(first);
      const second = await receive(session);
      expect(second.messageId).toBe('later');
      expect(clock.now().getTime()).toBeGreaterThanOrEqual(at.getTime() - 50);
      await session.complete(second);
      await session.close();
    },
  },
  {
    title: 'a wait for a message ends when one comes, when its time is over, and when it is broken off',
    async run(bus, clock) {
      const session = await open(bus, 'wait');
      expect(await session.receive(20)).toBeUndefined();
      const coming = session.receive(waitMs);
      await delay(clock, 30);
      await bus.send('node-orders', [messageWith('comes', 'wait')]);
      const message = await coming;
      expect(message?.messageId).toBe('comes');
      if (message !== undefined) await session.complete(message);
      const breaking = new AbortController();
      const broken = session.receive(10 * 60_000, breaking.signal);
      await delay(clock, 30);
      breaking.abort(new Error('broken off'));
      expect(await broken).toBeUndefined();
      await session.close();
    },
  },
  {
    title: 'a session whose lock has run out is lost to its holder; its message comes again and counts the delivery',
    async run(bus, _, broker) {
      await bus.send('node-orders', [messageWith('kept', 'expiry')]);
      const first = await open(bus, 'expiry');
      const message = await receive(first);
      broker.expireLock('node-orders', 'expiry');
      await expect(first.complete(message)).rejects.toBeInstanceOf(SessionLost);
      await first.close().catch(() => undefined);
      const second = await open(bus, 'expiry');
      const again = await receive(second);
      expect(again).toMatchObject({ messageId: 'kept', deliveryCount: 2 });
      await second.complete(again);
      await second.close();
    },
  },
  {
    title:
      'a session whose link was idle too long is lost to its holder and free for the next; nothing is lost with it',
    async run(bus, _, broker) {
      const first = await open(bus, 'idle');
      await broker.detachIdleLinks();
      await expect(first.receive(waitMs)).rejects.toBeInstanceOf(SessionLost);
      await first.close().catch(() => undefined);
      await bus.send('node-orders', [messageWith('later', 'idle')]);
      const second = await open(bus, 'idle');
      const message = await receive(second);
      expect(message).toMatchObject({ messageId: 'later', deliveryCount: 1 });
      await second.complete(message);
      await second.close();
    },
  },
  {
    title: 'where duplicates are looked for, a message of a known id is dropped until the window has passed',
    async run(bus, _, broker) {
      const send = (): Promise<void> => bus.send('job-requests', [messageWith('unique', 'any')]);
      await send();
      await send();
      expect(broker.waiting('job-requests')).toBe(1);
      await broker.pass(5 * 60_000 + 1_000);
      await send();
      expect(broker.waiting('job-requests')).toBe(2);
    },
  },
  {
    title: 'the next session is one that has messages and that nobody holds',
    async run(bus) {
      await bus.send('pool-capacity', [messageWith('x', 'held')]);
      const held = await bus.openNextSession('pool-capacity', waitMs);
      expect(held?.sessionId).toBe('held');
      await bus.send('pool-capacity', [messageWith('y', 'free')]);
      const free = await bus.openNextSession('pool-capacity', waitMs);
      expect(free?.sessionId).toBe('free');
      expect(await bus.openNextSession('pool-capacity', 1_000)).toBeUndefined();
      for (const session of [held, free]) {
        if (session === undefined) continue;
        await session.complete(await receive(session));
        await session.close();
      }
    },
  },
];
