// Writes the frames a broker sends, each appended whole to a connection's output (layout: AMQP 1.0 part 2, 2.3).
// Knows what the frames look like, not when to send which.
import type { AmqpCondition } from './fault.js';
import { writeFields } from './fields.js';
import { descriptors } from './performatives.js';
import type { AmqpValue } from './values.js';
import {
  reserve,
  writeBinary,
  writeBoolean,
  writeRaw,
  writeSymbol,
  writeText,
  writeUbyte,
  writeUint,
  writeValue,
  type Writer,
} from './writer.js';

const amqpFrame = 0;
const saslFrame = 1;
const headerBytes = 8;

/** The eight bytes that open a protocol layer: `protocolId` 0 is AMQP, 3 is SASL. */
export function writeProtocolHeader(out: Writer, protocolId: number): void {
  writeRaw(out, Buffer.from([0x41, 0x4d, 0x51, 0x50, protocolId, 1, 0, 0]));
}

/** A frame without a body: says "still here". */
export function writeEmptyFrame(out: Writer): void {
  writeRaw(out, Buffer.from([0, 0, 0, headerBytes, 2, amqpFrame, 0, 0]));
}

export function writeSaslMechanisms(out: Writer, mechanisms: readonly string[]): void {
  const items = mechanisms.map((value) => ({ type: 'symbol', value }) as const);
  frame(out, 0, saslFrame, () =>
    writeFields(out, descriptors.saslMechanisms, [() => writeValue(out, { type: 'array', of: 'symbol', items })]),
  );
}

export function writeSaslOutcome(out: Writer, code: number): void {
  frame(out, 0, saslFrame, () => writeFields(out, descriptors.saslOutcome, [() => writeUbyte(out, code)]));
}

export function writeOpen(
  out: Writer,
  open: { containerId: string; maxFrameSize: number; channelMax: number; idleTimeoutMs: number },
): void {
  frame(out, 0, amqpFrame, () =>
    writeFields(out, descriptors.open, [
      () => writeText(out, open.containerId),
      undefined,
      () => writeUint(out, open.maxFrameSize),
      () => writeValue(out, { type: 'ushort', value: open.channelMax }),
      () => writeUint(out, open.idleTimeoutMs),
    ]),
  );
}

export function writeBegin(
  out: Writer,
  channel: number,
  begin: { nextOutgoingId: number; incomingWindow: number; outgoingWindow: number; handleMax: number },
): void {
  frame(out, channel, amqpFrame, () =>
    writeFields(out, descriptors.begin, [
      () => writeValue(out, { type: 'ushort', value: channel }),
      () => writeUint(out, begin.nextOutgoingId),
      () => writeUint(out, begin.incomingWindow),
      () => writeUint(out, begin.outgoingWindow),
      () => writeUint(out, begin.handleMax),
    ]),
  );
}

export function writeAttach(
  out: Writer,
  channel: number,
  attach: {
    name: string;
    handle: number;
    role: 'sender' | 'receiver';
    sendSettleMode: number | undefined;
    receiveSettleMode: number | undefined;
    source: AmqpValue | undefined;
    target: AmqpValue | undefined;
    maxMessageSize: number;
    properties: AmqpValue | undefined;
  },
): void {
  const { sendSettleMode, receiveSettleMode, source, target, properties } = attach;
  frame(out, channel, amqpFrame, () =>
    writeFields(out, descriptors.attach, [
      () => writeText(out, attach.name),
      () => writeUint(out, attach.handle),
      () => writeBoolean(out, attach.role === 'receiver'),
      sendSettleMode === undefined ? undefined : () => writeUbyte(out, sendSettleMode),
      receiveSettleMode === undefined ? undefined : () => writeUbyte(out, receiveSettleMode),
      source && (() => writeValue(out, source)),
      target && (() => writeValue(out, target)),
      undefined,
      undefined,
      attach.role === 'sender' ? () => writeUint(out, 0) : undefined,
      () => writeValue(out, { type: 'ulong', value: BigInt(attach.maxMessageSize) }),
      undefined,
      undefined,
      properties && (() => writeValue(out, properties)),
    ]),
  );
}

export type SessionWindow = {
  readonly nextIncomingId: number;
  readonly incomingWindow: number;
  readonly nextOutgoingId: number;
  readonly outgoingWindow: number;
};

export function writeFlow(
  out: Writer,
  channel: number,
  window: SessionWindow,
  link?: { handle: number; deliveryCount: number; credit: number; drain: boolean },
): void {
  frame(out, channel, amqpFrame, () =>
    writeFields(out, descriptors.flow, [
      () => writeUint(out, window.nextIncomingId),
      () => writeUint(out, window.incomingWindow),
      () => writeUint(out, window.nextOutgoingId),
      () => writeUint(out, window.outgoingWindow),
      link && (() => writeUint(out, link.handle)),
      link && (() => writeUint(out, link.deliveryCount)),
      link && (() => writeUint(out, link.credit)),
      link && (() => writeUint(out, 0)),
      link && (() => writeBoolean(out, link.drain)),
    ]),
  );
}

/** The outcomes a broker states: accepted, or rejected with an error. */
export type StatedOutcome = 'accepted' | AmqpCondition;

export function writeDisposition(
  out: Writer,
  channel: number,
  disposition: { role: 'sender' | 'receiver'; first: number; last: number; outcome: StatedOutcome },
): void {
  const { role, first, last, outcome } = disposition;
  frame(out, channel, amqpFrame, () =>
    writeFields(out, descriptors.disposition, [
      () => writeBoolean(out, role === 'receiver'),
      () => writeUint(out, first),
      () => writeUint(out, last),
      () => writeBoolean(out, true),
      () =>
        outcome === 'accepted'
          ? writeFields(out, descriptors.accepted, [])
          : writeFields(out, descriptors.rejected, [() => writeError(out, outcome)]),
    ]),
  );
}

export function writeDetach(out: Writer, channel: number, handle: number, error?: AmqpCondition): void {
  frame(out, channel, amqpFrame, () =>
    writeFields(out, descriptors.detach, [
      () => writeUint(out, handle),
      () => writeBoolean(out, true),
      error && (() => writeError(out, error)),
    ]),
  );
}

export function writeEnd(out: Writer, channel: number, error?: AmqpCondition): void {
  frame(out, channel, amqpFrame, () => writeFields(out, descriptors.end, error ? [() => writeError(out, error)] : []));
}

export function writeClose(out: Writer, error?: AmqpCondition): void {
  frame(out, 0, amqpFrame, () => writeFields(out, descriptors.close, error ? [() => writeError(out, error)] : []));
}

/** Bytes a transfer takes beside its payload, at most: frame header, performative, a tag of 32 bytes. */
export const transferOverheadBytes = 96;

export type TransferStart = {
  readonly deliveryId: number;
  readonly tag: Buffer;
  readonly settled: boolean;
};

/** One transfer frame; `start` is what only a delivery's first frame carries. */
export function writeTransfer(
  out: Writer,
  channel: number,
  transfer: { handle: number; start: TransferStart | undefined; more: boolean },
  payload: (out: Writer) => void,
): void {
  const { handle, start, more } = transfer;
  frame(out, channel, amqpFrame, () => {
    writeFields(out, descriptors.transfer, [
      () => writeUint(out, handle),
      start && (() => writeUint(out, start.deliveryId)),
      start && (() => writeBinary(out, start.tag)),
      start && (() => writeUint(out, 0)),
      start && (() => writeBoolean(out, start.settled)),
      () => writeBoolean(out, more),
    ]);
    payload(out);
  });
}

function writeError(out: Writer, error: AmqpCondition): void {
  writeFields(out, descriptors.error, [
    () => writeSymbol(out, error.condition),
    () => writeText(out, error.description),
  ]);
}

function frame(out: Writer, channel: number, type: number, body: () => void): void {
  const start = reserve(out, headerBytes);
  body();
  out.buffer.writeUInt32BE(out.length - start, start);
  out.buffer[start + 4] = 2;
  out.buffer[start + 5] = type;
  out.buffer.writeUInt16BE(channel, start + 6);
}
