// A peer that writes whatever bytes a test wants and keeps what it hears: for what no decent client would say.
import { createHmac } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { cursorOver, readDescriptor, readValue } from '../../../local/service-bus/amqp/reader.js';
import { readRequest } from '../../../local/service-bus/amqp/request-message.js';
import { fromMap, integerOf, textMap, textOf, type AmqpValue } from '../../../local/service-bus/amqp/values.js';
import {
  createWriter,
  encodeValue,
  reserve,
  writeRaw,
  writeValue,
  written,
} from '../../../local/service-bus/amqp/writer.js';
import { createFrameSplitter } from '../../../local/service-bus/wire/frame-splitter.js';
import { key, keyName } from './bus-fixture.js';

export type HeardFrame = {
  readonly channel: number;
  readonly descriptor: number;
  readonly fields: readonly AmqpValue[];
  readonly payload: Buffer;
};

export type RawPeer = {
  readonly socket: Socket;
  readonly heard: HeardFrame[];
  write(bytes: Buffer): void;
  /** Writes one frame with a described list as its body, and perhaps a payload. */
  frame(
    descriptor: number,
    fields: readonly AmqpValue[],
    options?: { channel?: number; payload?: Buffer; isSasl?: boolean },
  ): void;
  /** Awaits something among what is heard; looks whenever something arrives, and at the end of the connection. */
  until<T>(what: string, look: () => T | undefined | false): Promise<T>;
  /** The first frame heard with that descriptor, awaited. */
  hears(descriptor: number, channel?: number): Promise<HeardFrame>;
  /** Puts a token for an entity on `$cbs` and gives the answer's status. Uses handles 0 and 1 of channel 0. */
  putToken(entity: string, token: string): Promise<number | undefined>;
  /** Attaches as a receiver of an address, in peek-lock mode. */
  attachReceiver(handle: number, address: string): void;
  /** Awaits the end of the connection. */
  readonly ended: Promise<unknown>;
};

export const uint = (value: number): AmqpValue => ({ type: 'uint', value });
export const boolean = (value: boolean): AmqpValue => ({ type: 'boolean', value });
export const described = (descriptor: number, items: readonly AmqpValue[]): AmqpValue => ({
  type: 'described',
  descriptor: { type: 'ulong', value: BigInt(descriptor) },
  value: { type: 'list', items },
});

// Long enough for a machine that is busy with much else; reached only where something is wrong.
const patienceMs = 50_000;

export const amqpHeader = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0]);

const text = (value: string): AmqpValue => ({ type: 'string', value });
const nothing: AmqpValue = { type: 'null' };
const isReply = ({ descriptor, fields }: HeardFrame): boolean => descriptor === 0x14 && isHandle(fields[0], 1);

/** Whether a field is this unsigned number. */
export function isHandle(field: AmqpValue | undefined, handle: number): boolean {
  return field?.type === 'uint' && field.value === handle;
}

/** Whether a role field says "sender". */
export function isSender(field: AmqpValue | undefined): boolean {
  return field?.type === 'boolean' && !field.value;
}

/** Whether a state field is the outcome "rejected". */
export function isRejected(field: AmqpValue | undefined): boolean {
  return field?.type === 'described' && field.descriptor.type === 'ulong' && field.descriptor.value === 0x25n;
}

/** A token for an entity under any host name, as the client makes them. */
export function signToken(entity: string, expirySeconds: number, signingKey = key, signingKeyName = keyName): string {
  const resource = encodeURIComponent(`sb://h/${entity}`);
  const signature = createHmac('sha256', signingKey).update(`${resource}\n${expirySeconds}`).digest('base64');
  return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expirySeconds}&skn=${signingKeyName}`;
}

/** Connects; sends nothing by itself. */
export async function connectRaw(port: number): Promise<RawPeer> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  const heard: HeardFrame[] = [];
  const split = createFrameSplitter(1 << 20, (piece) => {
    if (piece.type === 'header' || piece.body.length === 0) return;
    const cursor = cursorOver(Buffer.from(piece.body));
    const descriptor = readDescriptor(cursor);
    const list = readValue(cursor);
    const payload = cursor.buffer.subarray(cursor.offset);
    heard.push({ channel: piece.channel, descriptor, fields: list.type === 'list' ? list.items : [], payload });
  });
  const onlookers = new Set<() => void>();
  const lookAgain = (): void => {
    for (const look of onlookers) look();
  };
  socket.on('data', (chunk) => {
    split(chunk);
    lookAgain();
  });
  socket.on('close', lookAgain);
  socket.on('error', () => undefined);
  const ended = once(socket, 'close');
  let requests = 0;
  const peer: RawPeer = {
    socket,
    heard,
    ended,
    write: (bytes) => void socket.write(bytes),
    until: (what, look) =>
      new Promise((resolve, reject) => {
        const finish = (act: () => void): void => {
          onlookers.delete(tryOnce);
          clearTimeout(timer);
          act();
        };
        const tryOnce = (): void => {
          const found = look();
          if (found !== undefined && found !== false) finish(() => resolve(found));
          else if (socket.closed) finish(() => reject(new Error(`The connection ended before ${what} came`)));
        };
        const timer = setTimeout(() => finish(() => reject(new Error(`Waited in vain for ${what}`))), patienceMs);
        onlookers.add(tryOnce);
        tryOnce();
      }),
    attachReceiver(handle, address) {
      const source = described(0x28, [text(address)]);
      const settle = { type: 'ubyte', value: 1 } as const;
      peer.frame(0x12, [
        text(`to-${handle}`),
        uint(handle),
        boolean(true),
        nothing,
        settle,
        source,
        described(0x29, []),
      ]);
    },
    async putToken(entity, token) {
      const id = `request-${requests++}`;
      if (id === 'request-0') {
        const cbs = [text('$cbs')];
        peer.frame(0x12, [text('ask'), uint(0), boolean(false), nothing, nothing, nothing, described(0x29, cbs)]);
        peer.frame(0x12, [text('told'), uint(1), boolean(true), nothing, nothing, described(0x28, cbs)]);
        peer.frame(0x13, [uint(1), uint(1000), uint(0), uint(1000), uint(1), uint(0), uint(100)]);
      }
      const properties = textMap({
        operation: text('put-token'),
        type: text('servicebus.windows.net:sastoken'),
        name: text(`sb://h/${entity}`),
      });
      const payload = encodeRequest({ id, replyTo: 'told', properties, body: text(token) });
      const tag = { type: 'binary', value: Buffer.from(id) } as const;
      const seen = heard.filter(isReply).length;
      peer.frame(0x14, [uint(0), uint(requests), tag, uint(0), boolean(true)], { payload });
      const reply = await peer.until('an answer from $cbs', () => heard.filter(isReply)[seen]);
      return integerOf(fromMap(readRequest(reply.payload).applicationProperties, 'status-code'));
    },
    frame(descriptor, fields, { channel = 0, payload = Buffer.alloc(0), isSasl = false } = {}) {
      const out = createWriter();
      reserve(out, 8);
      writeValue(out, described(descriptor, fields));
      writeRaw(out, payload);
      const bytes = written(out);
      bytes.writeUInt32BE(bytes.length, 0);
      bytes.writeUInt32BE((isSasl ? 0x02010000 : 0x02000000) + channel, 4);
      socket.write(bytes);
    },
    hears: (descriptor, channel) =>
      peer.until(`a frame with descriptor ${descriptor}`, () =>
        heard.find((frame) => frame.descriptor === descriptor && (channel === undefined || frame.channel === channel)),
      ),
  };
  return peer;
}

/** A peer whose connection is open and whose session on channel 0 has begun. */
export async function openRaw(port: number): Promise<RawPeer> {
  const peer = await connectRaw(port);
  peer.write(amqpHeader);
  peer.frame(0x10, [{ type: 'string', value: 'raw' }]);
  peer.frame(0x11, [{ type: 'null' }, uint(0), uint(1000), uint(1000)]);
  await peer.hears(0x11);
  return peer;
}

/** What a node answers: its status, its error's condition and its body. */
export type Answer = {
  readonly status: number | undefined;
  readonly error: string | undefined;
  readonly body: AmqpValue | undefined;
};

/** Asks `<entity>/$management` questions, on handles `base` and `base + 1` of channel 0. Needs a token for it. */
export function askManagement(
  peer: RawPeer,
  entity: string,
  base: number,
): (operation: string, body: AmqpValue) => Promise<Answer> {
  const node = [text(`${entity}/$management`)];
  const replyTo = `told-${base}`;
  const isAnswer = ({ descriptor, fields }: HeardFrame): boolean =>
    descriptor === 0x14 && isHandle(fields[0], base + 1);
  peer.frame(0x12, [text(`ask-${base}`), uint(base), boolean(false), nothing, nothing, nothing, described(0x29, node)]);
  peer.frame(0x12, [text(replyTo), uint(base + 1), boolean(true), nothing, nothing, described(0x28, node)]);
  peer.frame(0x13, [uint(1), uint(100_000), uint(0), uint(100_000), uint(base + 1), uint(0), uint(50_000)]);
  let asked = 0;
  return async (operation, body) => {
    const id = asked++;
    peer.frame(
      0x14,
      [uint(base), uint(10_000 * base + id), { type: 'binary', value: Buffer.from('q') }, uint(0), boolean(true)],
      { payload: encodeRequest({ id: `${id}`, replyTo, properties: textMap({ operation: text(operation) }), body }) },
    );
    const reply = await peer.until(`an answer to ${operation}`, () => peer.heard.filter(isAnswer)[id]);
    const { applicationProperties, body: answered } = readRequest(reply.payload);
    return {
      status: integerOf(fromMap(applicationProperties, 'statusCode')),
      error: textOf(fromMap(applicationProperties, 'errorCondition')),
      body: answered,
    };
  };
}

/** A request to one of the broker's nodes, encoded. */
export function encodeRequest(request: {
  id: string;
  replyTo: string;
  properties: AmqpValue;
  body: AmqpValue;
}): Buffer {
  const list: AmqpValue = { type: 'list', items: [text(request.id), nothing, nothing, nothing, text(request.replyTo)] };
  return Buffer.concat([section(0x73, list), section(0x74, request.properties), section(0x77, request.body)]);
}

/** A section of a message, encoded. */
export function section(code: number, value: AmqpValue): Buffer {
  return encodeValue({ type: 'described', descriptor: { type: 'ulong', value: BigInt(code) }, value });
}

/** The condition of the error in a close, end or detach. */
export function conditionOf(frame: HeardFrame): string | undefined {
  const error = frame.fields.find((field) => field.type === 'described');
  const list = error?.type === 'described' ? error.value : undefined;
  const condition = list?.type === 'list' ? list.items[0] : undefined;
  return condition?.type === 'symbol' ? condition.value : undefined;
}

/** The condition of the outcome "rejected" in a disposition. */
export function rejectionOf({ fields }: HeardFrame): string | undefined {
  const state = fields[4];
  const error = state?.type === 'described' && state.value.type === 'list' ? state.value.items[0] : undefined;
  const condition = error?.type === 'described' && error.value.type === 'list' ? error.value.items[0] : undefined;
  return condition?.type === 'symbol' ? condition.value : undefined;
}
