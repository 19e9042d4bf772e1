// Keeps a namespace's changes across restarts: gathered over a turn, written as one group, read again at the start.
// What is acknowledged after `commit` survives the death of the process; with `isSynced`, of the machine as well.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../../../shared/log.js';
import { cursorOver } from '../amqp/reader.js';
import { createWriter, written, type Writer } from '../amqp/writer.js';
import type { Change } from '../engine/changes.js';
import { applyChange, type Image } from '../engine/image.js';
import { readChanges, writeChange } from './change-codec.js';
import { readGroups, replaceJournal, type JournalFile } from './journal-file.js';

export type Journal = {
  /** Notes a change of this turn. */
  record(change: Change): void;
  /** Writes the turn's changes. Throws when it cannot; nothing that depends on them may be said then. */
  commit(): void;
  close(): void;
};

const fileName = 'journal.log';
const firstWriterBytes = 4 * 1024;
const largestIdleWriterBytes = 1024 * 1024;
// A file is written anew when it has grown by this much, and to three times of what is alive.
const defaultRewriteBytes = 64 * 1024 * 1024;
const snapshotGroupBytes = 256 * 1024;

/**
 * Reads what `dataDir` keeps, hands it to `restore`, and writes it anew without what has died since.
 * `snapshot` gives the changes that make everything alive from nothing. Throws when the data cannot be read.
 */
export function openJournal(
  dataDir: string,
  {
    restore,
    snapshot,
    log,
    rewriteBytes = defaultRewriteBytes,
    isSynced = false,
  }: {
    restore: (image: Image) => void;
    snapshot: () => Iterable<Change>;
    log: Log;
    rewriteBytes?: number;
    isSynced?: boolean;
  },
): Journal {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, fileName);
  const image: Image = new Map();
  const read = readGroups(path, (payload) => {
    for (const change of readChanges(cursorOver(payload))) applyChange(image, change);
  });
  if (read.tornBytes > 0) log.warn('cut off the torn end of the journal', { path, ...read });
  restore(image);
  let file: JournalFile = replaceJournal(path, snapshotGroups(snapshot()), isSynced);
  let aliveBytes = file.sizeBytes();
  let pending: Writer = createWriter(firstWriterBytes);

  return {
    record: (change) => writeChange(pending, change),
    commit() {
      if (pending.length === 0) return;
      if (file.sizeBytes() > Math.max(rewriteBytes, 3 * aliveBytes)) {
        // What is pending is part of what is alive.
        const old = file;
        file = replaceJournal(path, snapshotGroups(snapshot()), isSynced);
        old.close();
        aliveBytes = file.sizeBytes();
      } else file.append(written(pending));
      if (pending.buffer.length > largestIdleWriterBytes) pending = createWriter(firstWriterBytes);
      pending.length = 0;
    },
    close: () => file.close(),
  };
}

function* snapshotGroups(changes: Iterable<Change>): Generator<Buffer> {
  let out = createWriter(snapshotGroupBytes);
  for (const change of changes) {
    writeChange(out, change);
    if (out.length < snapshotGroupBytes) continue;
    yield written(out);
    out = createWriter(snapshotGroupBytes);
  }
  if (out.length > 0) yield written(out);
}
