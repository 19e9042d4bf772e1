// An append-only file of groups, each a payload with its length and digest. A group is there whole or not at all.
// Knows files, not what a payload means. Synchronous on purpose: nothing may be said before a group is written.
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export type JournalFile = {
  append(payload: Buffer): void;
  sizeBytes(): number;
  close(): void;
};

/** How reading ended: `tornBytes` of an unfinished or damaged group and whatever followed it were left out. */
export type ReadResult = { readonly groups: number; readonly tornBytes: number };

const signature = Buffer.from('BKNDSB01', 'latin1');
const lengthBytes = 4;
const digestBytes = 8;
const headBytes = lengthBytes + digestBytes;
const ownerOnly = 0o600;

/**
 * Gives every whole group of the file to `onGroup`, which must not keep the buffer. A file that does not exist is
 * empty. Throws when the file is none of this kind.
 */
export function readGroups(path: string, onGroup: (payload: Buffer) => void): ReadResult {
  const file = openIfExists(path);
  if (file === undefined) return { groups: 0, tornBytes: 0 };
  try {
    const size = fstatSync(file).size;
    const start = readAt(file, 0, signature.length);
    // Killed while the very first bytes were written: nothing was ever acknowledged from it.
    if (start.length < signature.length) return { groups: 0, tornBytes: size };
    if (!start.equals(signature)) throw new Error(`'${path}' is no journal this version can read`);
    let at = signature.length;
    let groups = 0;
    while (at < size) {
      const payload = readGroup(file, at, size);
      if (payload === undefined) break;
      onGroup(payload);
      groups++;
      at += headBytes + payload.length;
    }
    return { groups, tornBytes: size - at };
  } finally {
    closeSync(file);
  }
}

/** Puts a new file with these payloads in the old one's place, in one step that a crash cannot halve, and opens it. */
export function replaceJournal(path: string, payloads: Iterable<Buffer>): JournalFile {
  const draft = `${path}.new`;
  const file = openSync(draft, 'w', ownerOnly);
  let size = 0;
  const write = (bytes: Buffer): void => {
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    size += bytes.length;
  };
  const append = (payload: Buffer): void => write(Buffer.concat([head(payload), payload]));
  try {
    write(signature);
    for (const payload of payloads) append(payload);
    fsyncSync(file);
    renameSync(draft, path);
    syncDirectory(dirname(path));
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return { append, sizeBytes: () => size, close: () => closeSync(file) };
}

function head(payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(headBytes);
  bytes.writeUInt32BE(payload.length, 0);
  digest(payload).copy(bytes, lengthBytes);
  return bytes;
}

function readGroup(file: number, at: number, size: number): Buffer | undefined {
  const start = readAt(file, at, headBytes);
  if (start.length < headBytes) return undefined;
  const length = start.readUInt32BE(0);
  if (length > size - at - headBytes) return undefined;
  const payload = readAt(file, at + headBytes, length);
  return digest(payload).equals(start.subarray(lengthBytes)) ? payload : undefined;
}

function readAt(file: number, at: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  let read = 0;
  while (read < bytes) {
    const count = readSync(file, buffer, read, bytes - read, at + read);
    if (count === 0) break;
    read += count;
  }
  return buffer.subarray(0, read);
}

// Tells a whole group from a torn one; a few bytes of a hash do that on every Node version, where crc32 is not on all.
function digest(payload: Buffer): Buffer {
  return createHash('sha256').update(payload).digest().subarray(0, digestBytes);
}

function openIfExists(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

// The new name is safe from a power cut only when the directory is on disk as well.
function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
