// Where a stack keeps everything: a directory of the user's that survives, or a temporary one that does not.
// Knows the names in it; what stands in the files belongs to the parts.
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openResidents, type Residents } from './residents.js';
import { isAlive } from './process-identity.js';
import { lockDirectory, lockHolder } from './directory-lock.js';

export type DataDirectory = {
  readonly path: string;
  /** Whether the user named it: state then survives the stack. */
  readonly isPersistent: boolean;
  readonly azurite: string;
  readonly serviceBus: string;
  readonly nodes: string;
  readonly logs: string;
  /** Where every process that works in the directory is to be entered. */
  readonly residents: Residents;
  /** Gives the directory back; a temporary one is removed. */
  close(): Promise<void>;
};

/** Agents take up to 5 s to end their tasks, Azurite as long as the disk takes. */
const formerResidentsWithinMs = 15_000;
const temporaryPrefix = 'bookend-stack-';

/**
 * Opens `path`, or a fresh temporary directory without one, and locks it for this process.
 * Throws DirectoryInUse when another living stack has it.
 */
export async function openDataDirectory(path: string | undefined): Promise<DataDirectory> {
  if (path === undefined) await removeAbandoned();
  const root = path === undefined ? await mkdtemp(join(tmpdir(), temporaryPrefix)) : resolve(path);
  // Secrets and logs stand in here.
  await mkdir(root, { recursive: true, mode: 0o700 });
  const lock = await lockDirectory(root);
  const residents = await openResidents(root, formerResidentsWithinMs);
  const parts = { azurite: join(root, 'azurite'), serviceBus: join(root, 'service-bus') };
  const more = { nodes: join(root, 'nodes'), logs: join(root, 'logs') };
  const closed = [...Object.values(parts), more.logs];
  await Promise.all(closed.map((each) => mkdir(each, { recursive: true, mode: 0o700 })));
  await mkdir(more.nodes, { recursive: true });
  return {
    path: root,
    isPersistent: path !== undefined,
    ...parts,
    ...more,
    residents,
    async close() {
      // Programs that were killed a moment ago may still be writing: hence the retries.
      if (path === undefined) await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
      else await lock.release();
    },
  };
}

/** Temporary directories of stacks that were killed: their lock names a process that is gone. */
async function removeAbandoned(): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(temporaryPrefix));
  for (const name of names) {
    const directory = join(tmpdir(), name);
    const holder = await lockHolder(directory);
    // Without a readable lock it may be one that is just being made, or not ours at all.
    if (holder === undefined || isAlive(holder)) continue;
    // Somebody else's user may own it; then it stays.
    await rm(directory, { recursive: true, force: true }).catch(() => undefined);
  }
}
