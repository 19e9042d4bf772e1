// What is said when: nothing before it is kept, and nothing at all once it cannot be kept.
import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createNamespace } from '../../../local/service-bus/engine/namespace.js';
import type { Change } from '../../../local/service-bus/engine/changes.js';
import { listen, type Listener } from '../../../local/service-bus/wire/listener.js';
import { parseConfig } from '../../../local/service-bus/config.js';
import { systemClock } from '../../../shared/clock.js';
import { silentLog } from '../../../shared/log.js';
import { eventually } from '../../helpers/eventually.js';
import { atEnd, config, key, keyName } from './bus-fixture.js';
import { boolean, described, isHandle, isSender, openRaw, signToken, uint, type RawPeer } from './raw-peer.js';

type Kept = {
  readonly listener: Listener;
  readonly recorded: Change[];
  readonly failures: unknown[];
  breakDown(): void;
};

async function openListener(): Promise<Kept> {
  const recorded: Change[] = [];
  const failures: unknown[] = [];
  let isBroken = false;
  const listener = await listen({ host: '127.0.0.1', port: 0 }, ({ request, touch }) => {
    const namespace = createNamespace(parseConfig(config).queues, {
      clock: systemClock,
      record: (change) => void recorded.push(change),
      requestTurn: request,
      newLockToken: () => randomBytes(16),
    });
    return {
      context: {
        namespace,
        touch,
        wireClock: systemClock,
        log: silentLog,
        accessKeys: () => [{ keyName, key, rights: ['Manage'] }],
        newMessageId: () => randomBytes(16).toString('hex'),
        newDeliveryTag: () => randomBytes(16),
      },
      pump: () => namespace.pump(),
      commit() {
        if (isBroken) throw new Error('the disk is full');
      },
      onFailure: (error) => failures.push(error),
      close: () => namespace.stop(),
    };
  });
  atEnd(() => listener.stop());
  return { listener, recorded, failures, breakDown: () => (isBroken = true) };
}

const text = (value: string) => ({ type: 'string', value }) as const;
const nothing = { type: 'null' } as const;

async function openSender(port: number): Promise<RawPeer> {
  const peer = await openRaw(port);
  await peer.putToken('plain', signToken('plain', Math.floor(systemClock.now().getTime() / 1000) + 100));
  peer.frame(0x12, [text('in'), uint(7), boolean(false), nothing, nothing, nothing, described(0x29, [text('plain')])]);
  return peer;
}

const send = (peer: RawPeer, id: number): void => {
  const tag = { type: 'binary', value: Buffer.from(String(id)) } as const;
  peer.frame(0x14, [uint(7), uint(id), tag, uint(0)], { payload: Buffer.from([0, 0x53, 0x75, 0xa0, 1, id]) });
};

const acknowledged = (peer: RawPeer): unknown[] =>
  peer.heard
    .filter(({ descriptor, fields }) => descriptor === 0x15 && !isSender(fields[0]))
    .map(({ fields }) => fields[2]);

describe('a broker', () => {
  test('that cannot keep what it was sent acknowledges nothing, cuts everybody off and says so', async () => {
    const { listener, recorded, failures, breakDown } = await openListener();
    const peer = await openSender(listener.port);
    const bystander = await openRaw(listener.port);
    send(peer, 10);
    await eventually('the first acknowledgement', () => acknowledged(peer).length === 1);
    breakDown();
    send(peer, 11);
    await peer.ended;
    await bystander.ended;
    expect(recorded).toHaveLength(2);
    expect(acknowledged(peer)).toEqual([uint(10)]);
    expect(failures).toEqual([expect.objectContaining({ message: 'the disk is full' })]);
  });

  test('acknowledges before it answers a detach that came right after the message', async () => {
    const { listener } = await openListener();
    const peer = await openSender(listener.port);
    send(peer, 10);
    peer.frame(0x16, [uint(7), boolean(true)]);
    await peer.hears(0x16);
    const order = peer.heard.map(({ descriptor }) => descriptor).filter((each) => each === 0x15 || each === 0x16);
    expect(order).toEqual([0x15, 0x16]);
    peer.socket.destroy();
  });

  test('says everything a turn has to say in one write, and answers every read that had nothing to say', async () => {
    const seen = { reads: 0, writes: 0, bytes: 0 };
    const watch = (message: unknown): void => {
      const { socket } = message as { socket: Socket };
      socket.on('data', () => seen.reads++);
      const { write } = socket;
      socket.write = (chunk: Uint8Array) => {
        seen.writes++;
        seen.bytes += chunk.length;
        return write.call(socket, chunk as never);
      };
    };
    subscribe('net.server.socket', watch);
    atEnd(() => Promise.resolve(void unsubscribe('net.server.socket', watch)));
    const { listener } = await openListener();
    const peer = await openSender(listener.port);
    await peer.until('the credit', () => peer.heard.some((f) => f.descriptor === 0x13 && isHandle(f.fields[4], 7)));
    Object.assign(seen, { reads: 0, writes: 0, bytes: 0 });
    const framesBefore = peer.heard.length;
    peer.socket.cork();
    for (let id = 10; id < 60; id++) {
      send(peer, id);
      peer.frame(0x12, [text('r'), uint(id), boolean(true), nothing, nothing, described(0x28, [text('$cbs')])]);
    }
    peer.socket.uncork();
    const attached = () => peer.heard.slice(framesBefore).filter(({ descriptor }) => descriptor === 0x12);
    await peer.until('all answers', () => attached().length === 50);
    await peer.until('the last acknowledgement', () => acknowledged(peer).length > 0);
    expect(peer.heard.length - framesBefore).toBeGreaterThan(50);
    expect(seen.writes).toBeLessThanOrEqual(seen.reads);
    // A flow that asks for nothing is answered with an empty frame, once for each read.
    Object.assign(seen, { reads: 0, writes: 0, bytes: 0 });
    peer.frame(0x13, [uint(1), uint(1000), uint(0), uint(1000)]);
    await eventually('the answer', () => seen.writes > 0);
    expect([seen.writes, seen.bytes]).toEqual([seen.reads, 8 * seen.reads]);
    peer.socket.destroy();
  });

  test('stops twice as well as once', async () => {
    const { listener } = await openListener();
    await Promise.all([listener.stop(), listener.stop()]);
  });
});
