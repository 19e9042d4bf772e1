// Cuts the bytes of a connection into protocol headers and frames, whatever way TCP chopped them. Holds back at most
// one incomplete frame. Knows sizes and types, not what a frame says.
import { badFrame } from '../amqp/fault.js';

export type Piece =
  | { readonly type: 'header'; readonly protocolId: number }
  | { readonly type: 'amqp' | 'sasl'; readonly channel: number; readonly body: Buffer };

const smallestFrame = 8;

/** Returns a function that takes bytes as they arrive and gives each complete piece to `onPiece`. */
export function createFrameSplitter(maxFrameSize: number, onPiece: (piece: Piece) => void): (chunk: Buffer) => void {
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let at = 0;
    while (bytes.length - at >= smallestFrame) {
      const isHeader = bytes.readUInt32BE(at) === 0x414d5150; // "AMQP"
      const size = isHeader ? 8 : frameSize(bytes, at, maxFrameSize);
      if (bytes.length - at < size) break;
      const piece = bytes.subarray(at, at + size);
      at += size;
      onPiece(isHeader ? header(piece) : frame(piece));
    }
    // A copy, so that a few left-over bytes do not keep a whole socket buffer alive.
    held = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
  };
}

function frameSize(bytes: Buffer, at: number, maxFrameSize: number): number {
  const size = bytes.readUInt32BE(at);
  if (size < smallestFrame || size > maxFrameSize) {
    throw badFrame(`A frame of ${size} bytes was announced; frames have ${smallestFrame} to ${maxFrameSize} bytes.`);
  }
  return size;
}

function header(piece: Buffer): Piece {
  const [major, minor, revision] = [piece[5], piece[6], piece[7]];
  if (major !== 1 || minor !== 0 || revision !== 0) throw badFrame('Only AMQP 1.0.0 is spoken here.');
  return { type: 'header', protocolId: piece[4] ?? 0 };
}

function frame(piece: Buffer): Piece {
  const bodyStart = piece.readUInt8(4) * 4;
  const type = piece.readUInt8(5);
  if (bodyStart < smallestFrame || bodyStart > piece.length) throw badFrame('The data offset of a frame is wrong.');
  if (type > 1) throw badFrame(`Frames of type ${type} are unknown.`);
  return { type: type === 0 ? 'amqp' : 'sasl', channel: piece.readUInt16BE(6), body: piece.subarray(bodyStart) };
}
