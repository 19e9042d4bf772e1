// An append-only file of groups, each a payload with its length and digest. A group is there whole or not at all.
// Knows files, not what a payload means. Synchronous on purpose: nothing may be said before a group is written.
import { createHash } from 'node:crypto';
import { closeSync, fdatasyncSync, fstatSync, fsyncSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export type JournalFile = {
  append(payload: Buffer): void;
  sizeBytes(): number;
  close(): void;
};

/** How reading ended: `tornBytes` of an unfinished group at the end were left out. */
export type ReadResult = { readonly groups: number; readonly tornBytes: number };

/** Whole groups follow after bytes that are none: this is no torn end, and cutting it off would lose what is whole. */
export class JournalDamaged extends Error {
  override readonly name = 'JournalDamaged';
}

const signature = Buffer.from('BKNDSB01', 'latin1');
const lengthBytes = 4;
const digestBytes = 8;
const headBytes = lengthBytes + digestBytes;
const ownerOnly = 0o600;

/**
 * Gives every whole group of the file to `onGroup`, which must not keep the buffer. A file that does not exist is
 * empty. Throws when the file is none of this kind, and JournalDamaged when it is broken anywhere but at its end.
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
      if (payload === undefined) {
        const next = nextGroup(file, at + 1, size);
        if (next === undefined) break;
        throw new JournalDamaged(
          `'${path}' is damaged from byte ${at} to ${next}, and whole records follow. Restore it from a copy; or, to go on ` +
            `with what stands before the damage, cut the file off there: truncate --size=${at} '${path}'`,
        );
      }
      onGroup(payload);
      groups++;
      at += headBytes + payload.length;
    }
    return { groups, tornBytes: size - at };
  } finally {
    closeSync(file);
  }
}

/** Puts a new file with these payloads in the old one's place, in one step that a crash cannot halve, and opens it. With `isSynced` each later append is on the disk when it returns. */
export function replaceJournal(path: string, payloads: Iterable<Buffer>, isSynced: boolean): JournalFile {
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
  const appendSynced = (payload: Buffer): void => {
    append(payload);
    fdatasyncSync(file);
  };
  return { append: isSynced ? appendSynced : append, sizeBytes: () => size, close: () => closeSync(file) };
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

// Every payload begins with a change: a described list under a small descriptor.
const payloadStart = Buffer.from([0x00, 0x53]);

/** Where the first whole group at or after `from` begins. Read in one piece: this is about a file that is broken. */
function nextGroup(file: number, from: number, size: number): number | undefined {
  const bytes = readAt(file, from, size - from);
  for (let at = bytes.indexOf(payloadStart); at >= 0; at = bytes.indexOf(payloadStart, at + 1)) {
    const start = at - headBytes;
    if (start < 0 || bytes[at + 3] !== 0xd0) continue;
    const length = bytes.readUInt32BE(start);
    if (length > bytes.length - at) continue;
    const stated = bytes.subarray(start + lengthBytes, at);
    if (digest(bytes.subarray(at, at + length)).equals(stated)) return from + start;
  }
  return undefined;
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
