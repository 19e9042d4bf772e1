// Cutting a stream of bytes into frames.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  writeBegin,
  writeEmptyFrame,
  writeProtocolHeader,
  writeTransfer,
} from '../../../local/service-bus/amqp/outgoing-frames.js';
import { createWriter, written, writeRaw } from '../../../local/service-bus/amqp/writer.js';
import { createFrameSplitter, type Piece } from '../../../local/service-bus/wire/frame-splitter.js';

function stream(): Buffer {
  const out = createWriter();
  writeProtocolHeader(out, 3);
  writeProtocolHeader(out, 0);
  writeBegin(out, 7, { nextOutgoingId: 1, incomingWindow: 2, outgoingWindow: 3, handleMax: 4 });
  writeEmptyFrame(out);
  writeTransfer(out, 9, { handle: 0, start: undefined, more: false }, (to) => writeRaw(to, Buffer.alloc(700, 1)));
  return Buffer.from(written(out));
}

function split(chunks: readonly Buffer[], maxFrameSize = 65_536): Piece[] {
  const pieces: Piece[] = [];
  const push = createFrameSplitter(maxFrameSize, (piece) =>
    pieces.push(piece.type === 'header' ? piece : { ...piece, body: Buffer.from(piece.body) }),
  );
  for (const chunk of chunks) push(chunk);
  return pieces;
}

describe('frames', () => {
  test('come out the same however the bytes were chopped', () => {
    const bytes = stream();
    const atOnce = split([bytes]);
    expect(atOnce.map((piece) => piece.type)).toEqual(['header', 'header', 'amqp', 'amqp', 'amqp']);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }), (sizes) => {
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of sizes) chunks.push(bytes.subarray(at, (at += size)));
        chunks.push(bytes.subarray(at));
        expect(split(chunks)).toEqual(atOnce);
      }),
    );
  });

  test.each([
    ['a size below the header', [0, 0, 0, 7, 2, 0, 0, 0]],
    ['a size over the limit', [0, 1, 0, 1, 2, 0, 0, 0]],
    ['a data offset inside the header', [0, 0, 0, 8, 1, 0, 0, 0]],
    ['a data offset behind the end', [0, 0, 0, 8, 3, 0, 0, 0]],
    ['an unknown frame type', [0, 0, 0, 8, 2, 9, 0, 0]],
    ['another version of the protocol', [0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]],
  ])('with %s are a framing error', (_, bytes) => {
    expect(() => split([Buffer.from(bytes)])).toThrow(
      expect.objectContaining({ condition: 'amqp:connection:framing-error' }),
    );
  });
});
