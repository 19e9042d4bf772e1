// One stack per data directory: a lock file names the process that holds it. Knows nothing else of the directory.
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identifyProcess, isAlive, processIdentitySchema, type ProcessIdentity } from './process-identity.js';

const lockName = 'lock.json';

/** Another living process holds the directory. */
export class DirectoryInUse extends Error {
  override readonly name = 'DirectoryInUse';
}

export type DirectoryLock = { release(): Promise<void> };

/**
 * Takes the lock of `directory` for this process. The lock of a process that is gone counts for nothing.
 * Throws DirectoryInUse, naming the holder, when that one lives.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = join(directory, lockName);
  const mine = join(directory, `lock-${randomUUID()}.json`);
  await writeFile(mine, JSON.stringify(identifyProcess(process.pid)), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 20; attempt++) {
      // A link appears whole or not at all, and never over another's.
      if (await succeeds(link(mine, path), 'EEXIST')) return { release: () => rm(path, { force: true }) };
      const holder = await lockHolder(directory);
      if (holder !== undefined && isAlive(holder)) {
        throw new DirectoryInUse(`The data directory ${directory} is in use by process ${holder.pid}`);
      }
      await removeStale(path, holder);
    }
    throw new DirectoryInUse(`The data directory ${directory} is being taken by other processes again and again`);
  } finally {
    await rm(mine, { force: true });
  }
}

/** The process named by the directory's lock, whether it lives or not; undefined without a readable lock. */
export async function lockHolder(directory: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(join(directory, lockName), 'utf8').catch(() => '');
  return parseHolder(text);
}

/** Removes the lock only if it is still the stale one: two newcomers may find it at the same time. */
async function removeStale(path: string, stale: ProcessIdentity | undefined): Promise<void> {
  const aside = `${path}.stale-${randomUUID()}`;
  if (!(await succeeds(rename(path, aside), 'ENOENT'))) return;
  const moved = parseHolder(await readFile(aside, 'utf8'));
  const isSame = moved?.pid === stale?.pid && moved?.startTicks === stale?.startTicks;
  if (!isSame) await succeeds(link(aside, path), 'EEXIST');
  await unlink(aside);
}

function parseHolder(text: string): ProcessIdentity | undefined {
  try {
    return processIdentitySchema.safeParse(JSON.parse(text)).data;
  } catch {
    // An unreadable lock was torn by a crash: nobody holds it.
    return undefined;
  }
}

async function succeeds(work: Promise<void>, expectedCode: string): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === expectedCode) return false;
    throw error;
  }
}
