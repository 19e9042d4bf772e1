// Sessions with the unmodified client.
import { describe, expect, test } from 'vitest';
import { eventually } from '../../helpers/eventually.js';
import { openBus } from './bus-fixture.js';

describe('sessions', () => {
  test('a session is accepted by id, also an empty one, and gives its messages in order', async () => {
    const { client } = await openBus();
    const receiver = await client.acceptSession('sessions', 's1');
    const messages = ['a', 'b', 'c'].map((body) => ({ body, sessionId: 's1' }));
    await client.createSender('sessions').sendMessages([{ body: 'other', sessionId: 's2' }, ...messages]);
    const received = await receiver.receiveMessages(3);
    expect(received.map(({ body, sessionId }) => [body as unknown, sessionId])).toEqual([
      ['a', 's1'],
      ['b', 's1'],
      ['c', 's1'],
    ]);
    for (const message of received) await receiver.completeMessage(message);
  });

  test('a session somebody holds cannot be accepted, by nobody', async () => {
    const { client, connect } = await openBus();
    await client.acceptSession('sessions', 's1');
    const refused = { code: 'SessionCannotBeLocked' };
    const impatient = connect({ retryOptions: { maxRetries: 0 } });
    await expect(impatient.acceptSession('sessions', 's1')).rejects.toMatchObject(refused);
  });

  test('the next session comes as soon as somebody sends to it', async () => {
    const { client } = await openBus();
    const accepting = client.acceptNextSession('sessions');
    await client.createSender('sessions').sendMessages({ body: 'x', sessionId: 'woken' });
    const receiver = await accepting;
    expect(receiver.sessionId).toBe('woken');
    expect(await receiver.receiveMessages(1)).toMatchObject([{ body: 'x' }]);
  });

  test('waiting for a session in vain ends with the service saying so', async () => {
    const { clock, connect, bus } = await openBus();
    const impatient = connect({ retryOptions: { maxRetries: 0, timeoutInMs: 30_000 } });
    const accepting = impatient.acceptNextSession('sessions');
    accepting.catch(() => undefined);
    // The broker's time is stepped as soon as it has heard of the wish.
    for (let settled = false; !settled;) {
      await Promise.race([accepting.then(noop, () => (settled = true)), new Promise(setImmediate)]);
      clock.advance(1_000);
    }
    await expect(accepting).rejects.toMatchObject({ code: 'ServiceTimeout' });
    expect(bus.control.connectionCount()).toBe(1);
  });

  test('each waiting receiver gets a session of its own', async () => {
    const { client } = await openBus();
    const accepting = ['a', 'b', 'c'].map(() => client.acceptNextSession('sessions'));
    const messages = ['a', 'b', 'c'].map((sessionId) => ({ body: sessionId, sessionId }));
    await client.createSender('sessions').sendMessages(messages);
    const receivers = await Promise.all(accepting);
    expect(receivers.map(({ sessionId }) => sessionId).sort()).toEqual(['a', 'b', 'c']);
  });

  test('a closed receiver frees its session at once, with its messages uncounted', async () => {
    const { client } = await openBus();
    await client.createSender('sessions').sendMessages({ body: 'x', sessionId: 's' });
    const first = await client.acceptSession('sessions', 's');
    await first.receiveMessages(1);
    await first.close();
    const second = await client.acceptNextSession('sessions');
    expect(await second.receiveMessages(1)).toMatchObject([{ body: 'x', deliveryCount: 0 }]);
  });

  test('a lost connection frees its sessions', async () => {
    const { bus, client, connect } = await openBus();
    await client.createSender('sessions').sendMessages({ body: 'x', sessionId: 's' });
    await client.acceptSession('sessions', 's');
    bus.control.dropAllConnections();
    const other = await connect().acceptSession('sessions', 's');
    expect(await other.receiveMessages(1)).toMatchObject([{ body: 'x', deliveryCount: 0 }]);
  });

  test('a session held over its time is lost, its message counted and given to the next', async () => {
    const { client, clock } = await openBus();
    await client.createSender('sessions').sendMessages({ body: 'x', sessionId: 's' });
    const slow = await client.acceptSession('sessions', 's', { maxAutoLockRenewalDurationInMs: 0 });
    const [held] = await slow.receiveMessages(1);
    clock.advance(30_000);
    // A settlement that crosses the broker's detach would be left hanging by the client for a minute.
    await eventually('the end of the receiver', () => slow.isClosed);
    await expect(slow.completeMessage(held!)).rejects.toMatchObject({ code: 'SessionLockLost' });
    const next = await client.acceptNextSession('sessions');
    expect(await next.receiveMessages(1)).toMatchObject([{ body: 'x', deliveryCount: 1 }]);
  });

  test('a renewed session holds; the lock ends when the broker says', async () => {
    const { client, clock } = await openBus();
    const receiver = await client.acceptSession('sessions', 's', { maxAutoLockRenewalDurationInMs: 0 });
    expect(receiver.sessionLockedUntilUtc.getTime()).toBe(clock.now().getTime() + 30_000);
    clock.advance(20_000);
    expect((await receiver.renewSessionLock()).getTime()).toBe(clock.now().getTime() + 30_000);
    clock.advance(20_000);
    await client.createSender('sessions').sendMessages({ body: 'x', sessionId: 's' });
    const [message] = await receiver.receiveMessages(1);
    await receiver.completeMessage(message!);
  });

  test('the state of a session outlives its receiver', async () => {
    const { client } = await openBus();
    const first = await client.acceptSession('sessions', 's');
    expect(await first.getSessionState()).toBeFalsy();
    await first.setSessionState({ step: 3 });
    await first.close();
    const second = await client.acceptSession('sessions', 's');
    expect(await second.getSessionState()).toEqual({ step: 3 });
    await second.setSessionState(null);
    expect(await second.getSessionState()).toBeFalsy();
  });

  test('messages of a session are abandoned, deferred and dead-lettered as others are', async () => {
    const { bus, client } = await openBus();
    const messages = ['again', 'aside', 'dead'].map((body) => ({ body, sessionId: 's' }));
    await client.createSender('sessions').sendMessages(messages);
    const receiver = await client.acceptSession('sessions', 's');
    const [again, aside, dead] = await receiver.receiveMessages(3);
    await receiver.abandonMessage(again!);
    await receiver.deferMessage(aside!);
    await receiver.deadLetterMessage(dead!, { deadLetterReason: 'r', deadLetterErrorDescription: 'd' });
    expect(await receiver.receiveMessages(1)).toMatchObject([{ body: 'again', deliveryCount: 1 }]);
    const [fetched] = await receiver.receiveDeferredMessages(aside!.sequenceNumber!);
    await receiver.completeMessage(fetched!);
    expect(bus.control.counts()['sessions']).toMatchObject({ locked: 1, deferred: 0, deadLettered: 1 });
    const letters = client.createReceiver('sessions', { subQueueType: 'deadLetter' });
    expect(await letters.receiveMessages(1)).toMatchObject([{ body: 'dead', sessionId: 's', deadLetterReason: 'r' }]);
  });

  test('a hundred sessions can be held by one client, each with its own messages', async () => {
    const { bus, client } = await openBus();
    const ids = Array.from({ length: 100 }, (_, at) => `s${at}`);
    const receivers = await Promise.all(ids.map((id) => client.acceptSession('sessions', id)));
    await client.createSender('sessions').sendMessages(ids.map((sessionId) => ({ body: sessionId, sessionId })));
    await Promise.all(
      receivers.map(async (receiver) => {
        const [message] = await receiver.receiveMessages(1);
        expect(message?.body).toBe(receiver.sessionId);
        await receiver.completeMessage(message!);
      }),
    );
    expect(bus.control.counts()['sessions']).toMatchObject({ active: 0, locked: 0 });
  });
});

function noop(): void {}
