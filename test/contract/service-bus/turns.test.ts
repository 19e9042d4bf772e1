// What is said when: nothing before it is kept, and nothing at all once it cannot be kept.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createNamespace } from '../../../local/service-bus/engine/namespace.js';
import type { Change } from '../../../local/service-bus/engine/changes.js';
import { listen, type Listener } from '../../../local/service-bus/wire/listener.js';
import { parseConfig } from '../../../local/service-bus/config.js';
import { systemClock } from '../../../shared/clock.js';
import { silentLog } from '../../../shared/log.js';
import { eventually } from '../../helpers/eventually.js';
import { atEnd, config, key, keyName } from './bus-fixture.js';
import { boolean, described, isSender, openRaw, signToken, uint, type RawPeer } from './raw-peer.js';

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

  test('stops twice as well as once', async () => {
    const { listener } = await openListener();
    await Promise.all([listener.stop(), listener.stop()]);
  });
});
