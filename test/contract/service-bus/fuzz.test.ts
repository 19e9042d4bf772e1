// Broken input: a sound conversation with bytes changed, cut out, cut off or blown up. Whatever comes, the connection ends
// with a reason AMQP knows or goes on, the broker lives, and what was stored stays. BOOKEND_FUZZ_RUNS asks for more.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeValue } from '../../../local/service-bus/amqp/writer.js';
import { eventually } from '../../helpers/eventually.js';
import { openBus } from './bus-fixture.js';
import { boolean, conditionOf, described, openRaw, signToken, uint, type RawPeer } from './raw-peer.js';

const runs = Number(process.env['BOOKEND_FUZZ_RUNS'] ?? '150');
const text = (value: string) => ({ type: 'string', value }) as const;
const nothing = { type: 'null' } as const;

type Damage =
  | { readonly type: 'flip'; readonly at: number; readonly mask: number }
  | { readonly type: 'cutOut'; readonly at: number; readonly length: number }
  | { readonly type: 'cutOff'; readonly at: number }
  | { readonly type: 'size'; readonly frame: number; readonly size: number };

const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ type: fc.constant('flip' as const), at: fc.nat(5_000), mask: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ type: fc.constant('cutOut' as const), at: fc.nat(5_000), length: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ type: fc.constant('cutOff' as const), at: fc.nat(5_000) }),
  fc.record({
    type: fc.constant('size' as const),
    frame: fc.nat(6),
    size: fc.oneof(fc.nat(20), fc.integer({ min: 65_530, max: 0xffffffff })),
  }),
);

// What a peer says after its token is accepted: it sends, receives, settles and asks.
function conversation(peer: RawPeer): Buffer[] {
  const frames: Buffer[] = [];
  const { write } = peer.socket;
  peer.socket.write = (bytes: unknown) => frames.push(Buffer.from(bytes as Buffer)) > 0;
  const body = encodeValue({ type: 'described', descriptor: { type: 'ulong', value: 0x77n }, value: text('fuzz') });
  const tag = { type: 'binary', value: Buffer.from('t') } as const;
  peer.frame(0x12, [text('in'), uint(7), boolean(false), nothing, nothing, nothing, described(0x29, [text('mortal')])]);
  peer.frame(0x14, [uint(7), uint(50), tag, uint(0), boolean(false), boolean(true)], { payload: body.subarray(0, 4) });
  peer.frame(0x14, [uint(7), nothing, nothing, nothing, boolean(false), boolean(false)], { payload: body.subarray(4) });
  peer.attachReceiver(8, 'mortal');
  peer.frame(0x13, [uint(1), uint(1000), uint(0), uint(1000), uint(8), uint(0), uint(1)]);
  peer.frame(0x15, [boolean(true), uint(1), uint(9), boolean(false), described(0x27, [boolean(true), boolean(true)])]);
  peer.frame(0x16, [uint(7), boolean(true)]);
  peer.socket.write = write;
  return frames;
}

function spoil(frames: readonly Buffer[], damages: readonly Damage[]): Buffer {
  const parts = frames.map((frame) => Buffer.from(frame));
  for (const each of damages) if (each.type === 'size') parts[each.frame % parts.length]?.writeUInt32BE(each.size, 0);
  let bytes = Buffer.concat(parts);
  for (const each of damages) {
    if (each.type === 'size') continue;
    const at = each.at % Math.max(1, bytes.length);
    if (each.type === 'flip') bytes[at] = (bytes[at] ?? 0) ^ each.mask;
    else if (each.type === 'cutOff') bytes = bytes.subarray(0, at);
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + each.length)]);
  }
  return bytes;
}

test('no broken conversation harms the broker or what it holds', async () => {
  const { bus, client } = await openBus();
  await client.createSender('plain').sendMessages([{ body: 'one' }, { body: 'two' }]);
  const token = signToken('mortal', Math.floor(Date.now() / 1000) + 3_600);
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
      const peer = await openRaw(bus.port);
      expect(await peer.putToken('mortal', token)).toBe(202);
      peer.write(spoil(conversation(peer), damages));
      peer.socket.end();
      await peer.ended;
      const close = peer.heard.find(({ descriptor }) => descriptor === 0x18);
      const condition = close === undefined ? undefined : conditionOf(close);
      // A mistake of the broker's own would be said as an internal error.
      if (close !== undefined) expect(condition).toMatch(/^amqp:(?!internal-error)/);
    }),
    { numRuns: runs },
  );
  await eventually('the end of all of them', () => bus.control.connectionCount() === 1);
  expect(bus.control.counts()['plain']).toMatchObject({ active: 2, locked: 0 });
  await client.createSender('plain').sendMessages({ body: 'three' });
  const bodies = (await client.createReceiver('plain').peekMessages(5)).map(({ body }) => body as unknown);
  expect(bodies).toEqual(['one', 'two', 'three']);
}, 600_000);
