// Broken input: a sound conversation with bytes changed, cut out, cut off or blown up. Whatever comes, the connection ends
// with a reason AMQP knows or goes on, the broker lives, and what was stored stays. BOOKEND_FUZZ_RUNS asks for more.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { textMap, type AmqpValue } from '../../../local/service-bus/amqp/values.js';
import { encodeValue } from '../../../local/service-bus/amqp/writer.js';
import { eventually } from '../../helpers/eventually.js';
import { openBus } from './bus-fixture.js';
import {
  askManagement,
  boolean,
  conditionOf,
  described,
  encodeRequest,
  openRaw,
  section,
  signToken,
  uint,
  type RawPeer,
} from './raw-peer.js';

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
    frame: fc.nat(10),
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
  const inBatch = section(0x75, { type: 'binary', value: body });
  const batchStart = [uint(7), uint(51), tag, uint(0x80013700), boolean(false), boolean(false)];
  peer.frame(0x14, batchStart, { payload: Buffer.concat([inBatch, inBatch]) });
  peer.frame(0x16, [uint(7), boolean(true)]);
  const anySession: AmqpValue = {
    type: 'map',
    entries: [[{ type: 'symbol', value: 'com.microsoft:session-filter' }, nothing]],
  };
  const timeout: AmqpValue = { type: 'map', entries: [[{ type: 'symbol', value: 'com.microsoft:timeout' }, uint(50)]] };
  const source = described(0x28, [text('sessions'), ...Array<typeof nothing>(6).fill(nothing), anySession]);
  const next = [text('next'), uint(9), boolean(true), nothing, nothing, source, described(0x29, [])];
  peer.frame(0x12, [...next, ...Array<typeof nothing>(6).fill(nothing), timeout]);
  const peek = { operation: text('com.microsoft:peek-message') };
  const about = textMap({ 'from-sequence-number': { type: 'long', value: 0n }, 'message-count': uint(3) });
  const node = described(0x29, [text('mortal/$management')]);
  peer.frame(0x12, [text('ask'), uint(10), boolean(false), nothing, nothing, nothing, node]);
  peer.frame(0x14, [uint(10), uint(52), tag, uint(0)], {
    payload: encodeRequest({ id: '1', replyTo: 'told', properties: textMap(peek), body: about }),
  });
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
  const token = signToken('', Math.floor(Date.now() / 1000) + 3_600);
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
      const peer = await openRaw(bus.port);
      expect(await peer.putToken('', token)).toBe(202);
      peer.write(spoil(conversation(peer), damages));
      peer.socket.end();
      await peer.ended;
      const close = peer.heard.find(({ descriptor }) => descriptor === 0x18);
      const condition = close === undefined ? undefined : conditionOf(close);
      // A mistake of the broker's own would be said as an internal error.
      // One that says nothing answers a close that the damage made.
      if (condition !== undefined) expect(condition).toMatch(/^amqp:(?!internal-error)/);
    }),
    { numRuns: runs, endOnFailure: true },
  );
  await eventually('the end of all of them', () => bus.control.connectionCount() === 1);
  expect(bus.control.counts()['plain']).toMatchObject({ active: 2, locked: 0 });
  await client.createSender('plain').sendMessages({ body: 'three' });
  const bodies = (await client.createReceiver('plain').peekMessages(5)).map(({ body }) => body as unknown);
  expect(bodies).toEqual(['one', 'two', 'three']);
}, 600_000);

const operations = [
  'renew-lock',
  'update-disposition',
  'peek-message',
  'receive-by-sequence-number',
  'schedule-message',
  'cancel-scheduled-message',
  'renew-session-lock',
  'get-session-state',
  'set-session-state',
  'enumerate-rules',
  'add-rule',
  'remove-rule',
  'no-such-operation',
];
const argumentNames = [
  'lock-tokens',
  'disposition-status',
  'deadletter-reason',
  'properties-to-modify',
  'from-sequence-number',
  'message-count',
  'omit-message-body',
  'session-id',
  'sequence-numbers',
  'receiver-settle-mode',
  'messages',
  'session-state',
  'skip',
  'top',
  'rule-name',
  'rule-description',
];
const inner = ['message', 'message-id', 'sql-filter', 'correlation-filter', 'expression', 'label', 'properties'];
const scalar: fc.Arbitrary<AmqpValue> = fc.oneof(
  fc.constantFrom<AmqpValue>(
    { type: 'null' },
    { type: 'boolean', value: true },
    { type: 'string', value: '' },
    { type: 'string', value: 'suspended' },
    { type: 'string', value: 'defered' },
    { type: 'string', value: '1=1' },
    { type: 'uuid', value: Buffer.alloc(16, 7) },
    { type: 'double', value: NaN },
    { type: 'double', value: -0.5 },
  ),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): AmqpValue => ({ type: 'long', value })),
  fc.integer({ min: -5, max: 5 }).map((value): AmqpValue => ({ type: 'int', value })),
  fc.nat(0xffffffff).map((value): AmqpValue => ({ type: 'uint', value })),
  fc.string({ maxLength: 300 }).map((value): AmqpValue => ({ type: 'string', value })),
  fc.uint8Array({ maxLength: 60 }).map((bytes): AmqpValue => ({ type: 'binary', value: Buffer.from(bytes) })),
);
const mapOf = (names: readonly string[], values: fc.Arbitrary<AmqpValue>): fc.Arbitrary<AmqpValue> =>
  fc
    .uniqueArray(fc.tuple(fc.constantFrom(...names), values), { selector: ([name]) => name, maxLength: 6 })
    .map((entries): AmqpValue => ({ type: 'map', entries: entries.map(([key, value]) => [text(key), value]) }));
const listOf = (values: fc.Arbitrary<AmqpValue>): fc.Arbitrary<AmqpValue> =>
  fc.array(values, { maxLength: 4 }).map((items): AmqpValue => ({ type: 'list', items }));
const longs = fc
  .array(fc.bigInt({ min: -3n, max: 12n }), { maxLength: 5 })
  .map((items): AmqpValue => ({ type: 'array', of: 'long', items: items.map((value) => ({ type: 'long', value })) }));
const unreadable: AmqpValue = {
  type: 'map',
  entries: [
    [
      text('messages'),
      {
        type: 'list',
        items: [{ type: 'map', entries: [[text('message'), { type: 'binary', value: Buffer.from([137, 205]) }]] }],
      },
    ],
  ],
};
const argument = fc.oneof(
  scalar,
  longs,
  listOf(scalar),
  mapOf(inner, fc.oneof(scalar, mapOf(inner, scalar))),
  listOf(mapOf(inner, scalar)),
);

test('no question asked of a node harms the broker, however odd, and each is answered', async () => {
  const { bus, client } = await openBus();
  await client.createSender('plain').sendMessages([{ body: 'one' }, { body: 'two' }]);
  const peer = await openRaw(bus.port);
  await peer.putToken('', signToken('', Math.floor(Date.now() / 1000) + 3_600));
  const asks = ['mortal', 'sessions', 'news', 'news/Subscriptions/all', 'mortal/$DeadLetterQueue'].map((entity, at) =>
    askManagement(peer, entity, 10 + 2 * at),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.nat(asks.length - 1),
      fc.constantFrom(...operations),
      fc.oneof(mapOf(argumentNames, argument), argument),
      async (at, operation, body) => {
        const { status } = await asks[at]!(`com.microsoft:${operation}`, body);
        expect(status).toBeGreaterThanOrEqual(200);
        expect(status === undefined || status < 500 || status === 501).toBe(true);
      },
    ),
    {
      numRuns: Math.min(runs * 2, 20_000),
      endOnFailure: true,
      // Once it closed the connection instead of being answered.
      examples: [[0, 'schedule-message', unreadable]],
    },
  );
  expect(peer.heard.some(({ descriptor }) => descriptor >= 0x16)).toBe(false);
  peer.socket.destroy();
  expect(bus.control.counts()['plain']).toMatchObject({ active: 2, locked: 0 });
}, 600_000);
