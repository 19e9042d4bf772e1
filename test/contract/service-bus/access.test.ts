// Who gets in: keys, tokens, rights and their end, and where the broker listens at all.
import { connect as connectSocket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { createManualClock } from '../../helpers/manual-clock.js';
import { eventually } from '../../helpers/eventually.js';
import { key, keyName, openBus } from './bus-fixture.js';
import {
  askManagement,
  boolean,
  conditionOf,
  connectRaw,
  described,
  isHandle,
  openRaw,
  signToken,
  uint,
} from './raw-peer.js';

const text = (value: string) => ({ type: 'string', value }) as const;
const nothing = { type: 'null' } as const;

describe('access', () => {
  test.each([
    ['a wrong key', (text: string) => text.replace(key, 'another-key')],
    ['a wrong key name', (text: string) => text.replace(keyName, 'SomebodyElse')],
  ])('%s opens nothing', async (_, spoil) => {
    const { bus, connect } = await openBus();
    const stranger = connect(undefined, spoil(bus.connectionString));
    const denied = { code: 'UnauthorizedAccess' };
    await expect(stranger.createSender('plain').sendMessages({ body: 'x' })).rejects.toMatchObject(denied);
    await expect(stranger.createReceiver('plain').receiveMessages(1)).rejects.toMatchObject(denied);
    await expect(stranger.createReceiver('plain').peekMessages(1)).rejects.toMatchObject(denied);
    await expect(stranger.acceptSession('sessions', 's')).rejects.toMatchObject(denied);
    expect(bus.control.counts()['plain']?.active).toBe(0);
  });

  test('each key does what its rights say and no more', async () => {
    const { bus, connect } = await openBus({
      moreKeys: [
        { keyName: 'ears', key: 'key-of-ears', rights: ['Listen'] },
        { keyName: 'mouth', key: 'key-of-mouth', rights: ['Send'] },
      ],
    });
    const as = (name: string) =>
      connect(undefined, bus.connectionString.replace(keyName, name).replace(key, `key-of-${name}`));
    const [ears, mouth] = [as('ears'), as('mouth')];
    const denied = { code: 'UnauthorizedAccess' };
    const sender = mouth.createSender('plain');
    await sender.sendMessages({ body: 'x' });
    const [number] = await sender.scheduleMessages({ body: 'y' }, new Date(Date.now() + 100_000));
    await sender.cancelScheduledMessages(number!);
    await expect(mouth.createReceiver('plain').receiveMessages(1)).rejects.toMatchObject(denied);
    await expect(mouth.createReceiver('plain').peekMessages(1)).rejects.toMatchObject(denied);
    await expect(ears.createSender('plain').sendMessages({ body: 'z' })).rejects.toMatchObject(denied);
    await expect(ears.createSender('plain').scheduleMessages({ body: 'z' }, new Date())).rejects.toMatchObject(denied);
    expect(await ears.createReceiver('plain').peekMessages(2)).toHaveLength(1);
    const receiver = ears.createReceiver('plain');
    const [message] = await receiver.receiveMessages(1);
    await receiver.completeMessage(message!);
    await ears.createRuleManager('news', 'all').deleteRule('$Default');
    expect(bus.control.counts()['plain']).toMatchObject({ active: 0, locked: 0, scheduled: 0 });
  });

  test.each(['plain', 'plain/$management', 'sessions', 'unknown'])(
    'a link to %s without a token is refused, whether or not there is such an entity',
    async (address) => {
      const { bus } = await openBus();
      const peer = await openRaw(bus.port);
      peer.frame(0x12, [
        text('in'),
        uint(0),
        boolean(false),
        nothing,
        nothing,
        nothing,
        described(0x29, [text(address)]),
      ]);
      expect(conditionOf(await peer.hears(0x16))).toBe('amqp:unauthorized-access');
      peer.frame(0x12, [text('out'), uint(1), boolean(true), nothing, nothing, described(0x28, [text(address)])]);
      await eventually(
        'the second refusal',
        () => peer.heard.filter(({ descriptor }) => descriptor === 0x16).length === 2,
      );
      // Messages to a link that was refused go nowhere.
      peer.frame(0x14, [uint(0), uint(0), { type: 'binary', value: Buffer.from('t') }, uint(0)], {
        payload: Buffer.from('x'),
      });
      peer.frame(0x17, []);
      await peer.hears(0x17);
      expect(bus.control.counts()['plain']?.active).toBe(0);
      peer.socket.destroy();
    },
  );

  test('a token that runs out ends its links, unless it was renewed in time', async () => {
    const wireClock = createManualClock(new Date().toISOString());
    const { bus } = await openBus({ wireClock });
    const seconds = (): number => Math.floor(wireClock.now().getTime() / 1000);
    const peer = await openRaw(bus.port);
    await peer.putToken('plain', signToken('plain', seconds() + 100));
    peer.attachReceiver(8, 'plain');
    await eventually('the attach', () =>
      peer.heard.some(({ descriptor, fields }) => descriptor === 0x12 && isHandle(fields[1], 8)),
    );
    wireClock.advance(50_000);
    await peer.putToken('plain', signToken('plain', seconds() + 100));
    wireClock.advance(60_000);
    peer.frame(0x11, [nothing, uint(0), uint(10), uint(10)], { channel: 1 });
    await peer.hears(0x11, 1);
    expect(peer.heard.some(({ descriptor }) => descriptor === 0x16)).toBe(false);
    wireClock.advance(41_000);
    expect(conditionOf(await peer.hears(0x16))).toBe('amqp:unauthorized-access');
    peer.socket.destroy();
  });

  test('a token with another signature is answered with 401', async () => {
    const { bus } = await openBus();
    const peer = await openRaw(bus.port);
    const inTime = Math.floor(Date.now() / 1000) + 100;
    expect(await peer.putToken('plain', signToken('plain', inTime, 'wrong'))).toBe(401);
    expect(await peer.putToken('sessions', signToken('plain', inTime))).toBe(401);
    expect(await peer.putToken('plain', signToken('plain', inTime))).toBe(202);
    peer.socket.destroy();
  });

  test('a key that is denied gets no new token; what it had stays', async () => {
    const { bus } = await openBus();
    const peer = await openRaw(bus.port);
    const inTime = Math.floor(Date.now() / 1000) + 100;
    expect(await peer.putToken('plain', signToken('plain', inTime))).toBe(202);
    bus.control.denyKey(keyName);
    expect(await peer.putToken('plain', signToken('plain', inTime))).toBe(401);
    peer.attachReceiver(8, 'plain');
    await eventually('the attach', () => peer.heard.some((f) => f.descriptor === 0x12 && isHandle(f.fields[1], 8)));
    bus.control.denyKey(keyName, false);
    expect(await peer.putToken('plain', signToken('plain', inTime))).toBe(202);
    peer.socket.destroy();
  });

  test.each([
    ['Send', 'schedule-message', 'peek-message'],
    ['Listen', 'peek-message', 'schedule-message'],
  ] as const)('a token with %s may ask $management for %s and not for %s', async (right, allowed, refused) => {
    const { bus } = await openBus({ moreKeys: [{ keyName: 'some', key: 'key-of-some', rights: [right] }] });
    const peer = await openRaw(bus.port);
    const token = signToken('plain', Math.floor(Date.now() / 1000) + 100, 'key-of-some', 'some');
    expect(await peer.putToken('plain', token)).toBe(202);
    const ask = askManagement(peer, 'plain', 10);
    expect((await ask(`com.microsoft:${allowed}`, nothing)).status).not.toBe(401);
    expect(await ask(`com.microsoft:${refused}`, nothing)).toMatchObject({
      status: 401,
      error: 'amqp:unauthorized-access',
    });
    peer.socket.destroy();
  });

  const plain = (name: string, password: string) => Buffer.from(`\0${name}\0${password}`);
  const sasl = async (port: number, mechanism: string, response: Buffer) => {
    const peer = await connectRaw(port);
    peer.write(Buffer.from([0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0]));
    const init = [{ type: 'symbol', value: mechanism } as const, { type: 'binary', value: response } as const];
    peer.frame(0x41, init, { isSasl: true });
    const outcome = await peer.hears(0x44);
    return { peer, code: outcome.fields[0] };
  };

  test('a peer that shows a key outright has its rights everywhere, without a token', async () => {
    const { bus } = await openBus({ moreKeys: [{ keyName: 'ears', key: 'key-of-ears', rights: ['Listen'] }] });
    const { peer, code } = await sasl(bus.port, 'PLAIN', plain('ears', 'key-of-ears'));
    expect(code).toEqual({ type: 'ubyte', value: 0 });
    peer.write(Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0]));
    peer.frame(0x10, [text('raw')]);
    peer.frame(0x11, [nothing, uint(0), uint(1000), uint(1000)]);
    peer.attachReceiver(8, 'plain');
    await eventually('the attach', () => peer.heard.some((f) => f.descriptor === 0x12 && isHandle(f.fields[1], 8)));
    peer.frame(0x12, [
      text('in'),
      uint(9),
      boolean(false),
      nothing,
      nothing,
      nothing,
      described(0x29, [text('plain')]),
    ]);
    const detach = await peer.hears(0x16);
    expect([conditionOf(detach), detach.fields[0]]).toEqual(['amqp:unauthorized-access', uint(9)]);
    peer.socket.destroy();
  });

  test.each([
    ['a wrong password', 'PLAIN', plain(keyName, 'wrong')],
    ['a wrong name', 'PLAIN', plain('wrong', key)],
    ['nothing', 'PLAIN', Buffer.alloc(0)],
    ['half a response', 'PLAIN', Buffer.from(keyName)],
    ['an unknown mechanism', 'SCRAM-SHA-1', plain(keyName, key)],
  ])('a peer that comes with %s is turned away', async (_, mechanism, response) => {
    const { bus } = await openBus();
    const { peer, code } = await sasl(bus.port, mechanism, response);
    expect(code).toEqual({ type: 'ubyte', value: 1 });
    await peer.ended;
  });

  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');

  // Skipped on a machine that has no address but its own loopback.
  test.skipIf(outside === undefined)(
    'nobody reaches the broker from outside unless it is told to listen there',
    async () => {
      const { bus } = await openBus();
      const reached = (port: number): Promise<boolean> =>
        new Promise((resolve) => {
          const socket = connectSocket({ host: outside!.address, port });
          socket.once('connect', () => {
            socket.destroy();
            resolve(true);
          });
          socket.once('error', () => resolve(false));
        });
      expect(await reached(bus.port)).toBe(false);
      const { bus: open } = await openBus({ host: '0.0.0.0' });
      expect(await reached(open.port)).toBe(true);
    },
  );
});
