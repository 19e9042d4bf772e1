// The provisioner's memory on disk: one record per pool id, beside the folders of its nodes. Decides nothing.
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { folderName, poolRecordSchema, type PoolRecord } from './capacity-decisions.js';

const recordName = 'pool.json';
/** Long after any message about an ended pool can still be under way. */
const endedKeptMs = 24 * 60 * 60_000;

export type PoolRecords = {
  get(poolId: string): PoolRecord | undefined;
  all(): readonly PoolRecord[];
  /** Resolves once the record would survive a crash. */
  save(record: PoolRecord): Promise<void>;
};

/** Reads the records below `directory`. Those of pools that ended a day before `now` are dropped. */
export async function loadPoolRecords(directory: string, now: Date): Promise<PoolRecords> {
  const records = new Map<string, PoolRecord>();
  for (const folder of await readdir(directory)) {
    const record = await readRecord(join(directory, folder, recordName));
    if (record === undefined) continue;
    const endedAgoMs = record.nodeIds.length > 0 ? 0 : now.getTime() - Date.parse(record.asOf ?? '1970-01-01');
    if (endedAgoMs > endedKeptMs) await rm(join(directory, folder), { recursive: true, force: true });
    else records.set(record.poolId, record);
  }
  return {
    get: (poolId) => records.get(poolId),
    all: () => [...records.values()],
    async save(record) {
      const folder = join(directory, folderName(record.poolId));
      await mkdir(folder, { recursive: true });
      await writeDurably(join(folder, recordName), JSON.stringify(record));
      records.set(record.poolId, record);
    },
  };
}

async function readRecord(path: string): Promise<PoolRecord | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : poolRecordSchema.parse(JSON.parse(text));
}

async function writeDurably(path: string, text: string): Promise<void> {
  const unfinished = `${path}.new`;
  const file = await open(unfinished, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
}
