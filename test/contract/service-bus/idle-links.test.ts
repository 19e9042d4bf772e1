// Links on which nothing happens, as the real service ends them, and clients that go on all the same.
import { describe, expect, test } from 'vitest';
import { createManualClock } from '../../helpers/manual-clock.js';
import { eventually } from '../../helpers/eventually.js';
import { openBus, quickRetries } from './bus-fixture.js';
import { boolean, conditionOf, isHandle, openRaw, signToken, uint, type RawPeer } from './raw-peer.js';

const nothing = { type: 'null' } as const;

describe('a link that is idle', () => {
  const forced = 'amqp:link:detach-forced';
  const attached = (peer: RawPeer, handle: number) =>
    eventually('the attach', () => peer.heard.some((f) => f.descriptor === 0x12 && isHandle(f.fields[1], handle)));
  const detached = (peer: RawPeer) => peer.heard.filter(({ descriptor }) => descriptor === 0x16);

  test('is detached on demand with the error of the real service; one that was used in time is not', async () => {
    const wireClock = createManualClock(new Date().toISOString());
    const { bus } = await openBus({ wireClock });
    const peer = await openRaw(bus.port);
    await peer.putToken('plain', signToken('plain', Math.floor(wireClock.now().getTime() / 1000) + 3_600));
    for (const handle of [8, 9]) peer.attachReceiver(handle, 'plain');
    await attached(peer, 9);
    wireClock.advance(400_000);
    // Asking for more is a use.
    peer.frame(0x13, [
      uint(2),
      uint(1000),
      uint(0),
      uint(1000),
      uint(9),
      uint(0),
      uint(1),
      nothing,
      nothing,
      boolean(true),
    ]);
    await eventually('the echo', () => peer.heard.some((f) => f.descriptor === 0x13 && isHandle(f.fields[4], 9)));
    wireClock.advance(200_000);
    expect(bus.control.detachIdleLinks()).toBe(1);
    const detach = await peer.hears(0x16);
    expect([conditionOf(detach), detach.fields[0]]).toEqual([forced, uint(8)]);
    wireClock.advance(200_000);
    expect(bus.control.detachIdleLinks()).toBe(0);
    // The connection is alive, which is no use of its links.
    const flows = () => peer.heard.filter(({ descriptor }) => descriptor === 0x13).length;
    const before = flows();
    peer.frame(0x13, [
      uint(2),
      uint(1000),
      uint(0),
      uint(1000),
      ...Array<typeof nothing>(5).fill(nothing),
      boolean(true),
    ]);
    await eventually('an answer', () => flows() > before);
    wireClock.advance(200_000);
    expect(bus.control.detachIdleLinks()).toBe(1);
    await eventually('the second detach', () => detached(peer).length === 2);
    peer.socket.destroy();
  });

  test('is detached by itself where the broker is told to, and its client goes on when it is needed again', async () => {
    const wireClock = createManualClock(new Date().toISOString());
    const { bus, connect } = await openBus({ wireClock, idleLinkTimeoutMs: 10_000 });
    const client = connect(quickRetries);
    const sender = client.createSender('plain');
    const receiver = client.createReceiver('plain');
    await sender.sendMessages([{ body: 'held' }, { body: 'next' }]);
    const [held] = await receiver.receiveMessages(1);
    const watcher = await openRaw(bus.port);
    await watcher.putToken('plain', signToken('plain', Math.floor(wireClock.now().getTime() / 1000) + 3_600));
    watcher.attachReceiver(8, 'plain');
    await attached(watcher, 8);
    wireClock.advance(11_000);
    expect(conditionOf(await watcher.hears(0x16))).toBe(forced);
    await receiver.completeMessage(held!);
    const [next] = await receiver.receiveMessages(1);
    expect(next?.body).toBe('next');
    await receiver.completeMessage(next!);
    await sender.sendMessages({ body: 'later' });
    expect(bus.control.counts()['plain']).toMatchObject({ active: 1, locked: 0, deadLettered: 0 });
    watcher.socket.destroy();
  });
});
