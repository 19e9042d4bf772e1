// A peer that writes whatever bytes a test wants and keeps what it hears: for what no decent client would say.
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { cursorOver, readDescriptor, readValue } from '../../../local/service-bus/amqp/reader.js';
import type { AmqpValue } from '../../../local/service-bus/amqp/values.js';
import { createWriter, reserve, writeRaw, writeValue, written } from '../../../local/service-bus/amqp/writer.js';
import { createFrameSplitter } from '../../../local/service-bus/wire/frame-splitter.js';
import { eventually } from '../../helpers/eventually.js';

export type HeardFrame = {
  readonly channel: number;
  readonly descriptor: number;
  readonly fields: readonly AmqpValue[];
};

export type RawPeer = {
  readonly socket: Socket;
  readonly heard: HeardFrame[];
  write(bytes: Buffer): void;
  /** Writes one frame with a described list as its body, and perhaps a payload. */
  frame(descriptor: number, fields: readonly AmqpValue[], options?: { channel?: number; payload?: Buffer }): void;
  /** The first frame heard with that descriptor, awaited. */
  hears(descriptor: number, channel?: number): Promise<HeardFrame>;
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

export const amqpHeader = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0]);

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
    heard.push({ channel: piece.channel, descriptor, fields: list.type === 'list' ? list.items : [] });
  });
  socket.on('data', split);
  socket.on('error', () => undefined);
  const ended = once(socket, 'close');
  return {
    socket,
    heard,
    ended,
    write: (bytes) => void socket.write(bytes),
    frame(descriptor, fields, { channel = 0, payload = Buffer.alloc(0) } = {}) {
      const out = createWriter();
      reserve(out, 8);
      writeValue(out, described(descriptor, fields));
      writeRaw(out, payload);
      const bytes = written(out);
      bytes.writeUInt32BE(bytes.length, 0);
      bytes.writeUInt32BE(0x02000000 + channel, 4);
      socket.write(bytes);
    },
    hears: (descriptor, channel) =>
      eventually(`a frame with descriptor ${descriptor}`, () =>
        heard.find((frame) => frame.descriptor === descriptor && (channel === undefined || frame.channel === channel)),
      ),
  };
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

/** The condition of the error in a close, end or detach. */
export function conditionOf(frame: HeardFrame): string | undefined {
  const error = frame.fields.find((field) => field.type === 'described');
  const list = error?.type === 'described' ? error.value : undefined;
  const condition = list?.type === 'list' ? list.items[0] : undefined;
  return condition?.type === 'symbol' ? condition.value : undefined;
}
