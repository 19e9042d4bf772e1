// Messages taken apart and put together again.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AmqpFault } from '../../../local/service-bus/amqp/fault.js';
import { withApplicationProperties, writeDelivery } from '../../../local/service-bus/amqp/message.js';
import { readBatch, readMessage } from '../../../local/service-bus/amqp/read-message.js';
import { cursorOver, hasMore, readDescriptor, readValue } from '../../../local/service-bus/amqp/reader.js';
import {
  int,
  nothing,
  symbol,
  text,
  textMap,
  timestamp,
  type AmqpValue,
} from '../../../local/service-bus/amqp/values.js';
import { createWriter, encodeValue, written } from '../../../local/service-bus/amqp/writer.js';

const section = (code: number, value: AmqpValue): Buffer =>
  encodeValue({ type: 'described', descriptor: { type: 'ulong', value: BigInt(code) }, value });
const data = (bytes: Buffer): Buffer => section(0x75, { type: 'binary', value: bytes });
const newMessageId = (): string => 'a-new-id';

function sectionsOf(bytes: Buffer): Map<number, AmqpValue> {
  const cursor = cursorOver(bytes);
  const found = new Map<number, AmqpValue>();
  while (hasMore(cursor)) found.set(readDescriptor(cursor), readValue(cursor));
  return found;
}

const facts = {
  deliveryCount: 2,
  timeToLiveMs: undefined,
  enqueuedAtMs: 1_000,
  sequence: 7,
  enqueueSequence: 5,
  state: 'active',
  lockedUntilMs: 9_000,
  deadLetterSource: undefined,
} as const;

function deliver(content: ReturnType<typeof readMessage>['content']): Map<number, AmqpValue> {
  const out = createWriter();
  writeDelivery(out, content, facts);
  return sectionsOf(written(out));
}

describe('messages', () => {
  const properties = section(0x73, { type: 'list', items: [text('m1'), nothing, text('to')] });
  const applicationProperties = section(0x74, textMap({ size: int(5) }));
  const body = section(0x77, { type: 'list', items: [{ type: 'uuid', value: Buffer.alloc(16, 3) }] });

  test('properties, application properties and body come back byte for byte', () => {
    const { content, messageId } = readMessage(Buffer.concat([properties, applicationProperties, body]), newMessageId);
    expect(messageId).toBe('m1');
    expect(content.properties).toEqual(properties);
    expect(content.applicationProperties).toEqual(applicationProperties);
    expect(content.body).toEqual(body);
    const out = createWriter();
    writeDelivery(out, content, facts);
    expect(written(out).subarray(-body.length)).toEqual(body);
  });

  test('a message without an id gets one, and keeps its other properties', () => {
    const unnamed = section(0x73, { type: 'list', items: [nothing, nothing, text('to')] });
    const { content, messageId } = readMessage(Buffer.concat([unnamed, body]), newMessageId);
    expect(messageId).toBe('a-new-id');
    expect(deliver(content).get(0x73)).toEqual({ type: 'list', items: [text('a-new-id'), nothing, text('to')] });
    expect(deliver(readMessage(body, newMessageId).content).get(0x73)).toEqual({
      type: 'list',
      items: [text('a-new-id')],
    });
  });

  test("the sender's annotations come back, the broker's own among them do not", () => {
    const annotations = section(0x72, {
      type: 'map',
      entries: [
        [symbol('x-opt-partition-key'), text('p')],
        [symbol('x-opt-locked-until'), timestamp(1)],
        [symbol('x-opt-scheduled-enqueue-time'), timestamp(77)],
      ],
    });
    const message = readMessage(Buffer.concat([annotations, properties, body]), newMessageId);
    expect(message.scheduledAtMs).toBe(77);
    const delivered = deliver(message.content).get(0x72);
    expect(delivered).toMatchObject({ type: 'map' });
    const entries = delivered?.type === 'map' ? delivered.entries : [];
    const keys = entries.map(([key]) => (key.type === 'symbol' ? key.value : key.type));
    expect(keys.filter((key) => key === 'x-opt-locked-until')).toHaveLength(1);
    expect(keys).toContain('x-opt-partition-key');
    expect(entries.find(([key]) => key.type === 'symbol' && key.value === 'x-opt-locked-until')?.[1]).toEqual(
      timestamp(9_000),
    );
  });

  test('the session id and the time to live are read from where senders put them', () => {
    const header = section(0x70, {
      type: 'list',
      items: [{ type: 'boolean', value: true }, nothing, { type: 'uint', value: 500 }],
    });
    const items = [text('m'), ...Array<AmqpValue>(9).fill(nothing), text('session-a')];
    const message = readMessage(Buffer.concat([header, section(0x73, { type: 'list', items }), body]), newMessageId);
    expect(message.sessionId).toBe('session-a');
    expect(message.timeToLiveMs).toBe(500);
  });

  test('a batch holds one message in each data section, whatever its envelope says', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), (bodies) => {
        const parts = bodies.map((each, at) =>
          data(Buffer.concat([section(0x73, { type: 'list', items: [text(`m${at}`)] }), data(Buffer.from(each))])),
        );
        const read = readBatch(Buffer.concat([properties, ...parts]), newMessageId);
        expect(read.map(({ messageId }) => messageId)).toEqual(bodies.map((_, at) => `m${at}`));
        expect(read.map(({ content }) => content.body)).toEqual(bodies.map((each) => data(Buffer.from(each))));
      }),
    );
  });

  test('properties laid over a message replace their namesakes and leave the others', () => {
    const { content } = readMessage(Buffer.concat([properties, applicationProperties, body]), newMessageId);
    const changed = withApplicationProperties(content, [
      ['reason', text('why')],
      ['size', int(6)],
    ]);
    expect(deliver(changed).get(0x74)).toEqual(textMap({ size: int(6), reason: text('why') }));
    expect(content.applicationProperties).toEqual(applicationProperties);
  });

  test('arbitrary bytes are a message or a decode error, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 0x70, max: 0x78 }), (garbage, code) => {
        for (const read of [readMessage, readBatch]) {
          try {
            read(Buffer.concat([Buffer.from([0, 0x53, code]), Buffer.from(garbage)]), newMessageId);
          } catch (error) {
            expect(error).toBeInstanceOf(AmqpFault);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
