// The machine's disk: a private state directory with durable files, and the node root. Knows no meaning of either.
import { constants, promises as fs, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { giveFolder } from './give-folder.js';
import type { Disk, FileFacts, ListedFile, OpenFile } from '../disk.js';
import { receiveWithin } from './receive-file.js';
import { removeWithin } from './remove-within.js';

const privateFile = 0o600;
const privateDirectory = 0o700;

/** Both directories are made if absent; both must be on disks that keep what was fsynced. */
export async function createNodeDisk(directories: { readonly root: string; readonly state: string }): Promise<Disk> {
  await fs.mkdir(directories.state, { recursive: true, mode: privateDirectory });
  await fs.chmod(directories.state, privateDirectory);
  await fs.mkdir(directories.root, { recursive: true });
  const root = await fs.realpath(directories.root);
  const inState = (name: string): string => join(directories.state, name);
  const inRoot = (path: string): string => join(root, path);
  return {
    readState: (name) => unlessMissing(fs.readFile(inState(name), 'utf8')),
    listState: async (folder) => (await unlessMissing(fs.readdir(inState(folder)))) ?? [],
    async writeState(files) {
      const folders = new Set(files.map(({ name }) => dirname(inState(name))));
      for (const folder of folders) await fs.mkdir(folder, { recursive: true, mode: privateDirectory });
      await Promise.all(files.map(({ name, text }) => writeDurably(`${inState(name)}.new`, text)));
      for (const { name } of files) await fs.rename(`${inState(name)}.new`, inState(name));
      await Promise.all([...folders].map(syncFolder));
    },
    async removeState(names) {
      await Promise.all(names.map((name) => fs.rm(inState(name), { force: true })));
    },

    async makeDirectories(paths) {
      for (const path of paths) await fs.mkdir(inRoot(path), { recursive: true });
    },
    exists: async (path) => (await unlessMissing(fs.lstat(inRoot(path)))) !== undefined,
    async rename(path, newPath) {
      await unlessMissing(fs.rename(inRoot(path), inRoot(newPath)));
    },
    async removeDirectory(path) {
      const remove = (): Promise<void> => fs.rm(inRoot(path), { recursive: true, force: true, maxRetries: 3 });
      try {
        await remove();
      } catch (error) {
        if (!hasCode(error, 'EACCES', 'EPERM')) throw error;
        await openForRemoval(inRoot(path));
        await remove();
      }
    },
    async removeEmptyDirectory(path) {
      try {
        await fs.rmdir(inRoot(path));
      } catch (error) {
        if (!hasCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error;
      }
    },
    removeEntry: (path, recursive) => removeWithin(root, inRoot(path), recursive),
    readText: (path) => unlessMissing(fs.readFile(inRoot(path), 'utf8')),
    async writeText(path, text) {
      await fs.mkdir(dirname(inRoot(path)), { recursive: true });
      await writeDurably(`${inRoot(path)}.new`, text);
      await fs.rename(`${inRoot(path)}.new`, inRoot(path));
      await syncFolder(dirname(inRoot(path)));
    },

    receiveFile: ({ within, path, mode }, content) => receiveWithin(inRoot(within), path, mode, content),

    async giveTask(task, folders, user, isPublic) {
      for (const folder of folders) await giveFolder(inRoot(folder), user);
      await fs.chown(inRoot(task), process.getuid?.() ?? 0, user.gid);
      await fs.chmod(inRoot(task), isPublic ? 0o755 : 0o750);
    },
    async freeBytes() {
      const { bavail, bsize } = await fs.statfs(root);
      return bavail * bsize;
    },
    async shareFolder(folder, gid) {
      await fs.chown(inRoot(folder), process.getuid?.() ?? 0, gid);
      await fs.chmod(inRoot(folder), 0o2770);
    },

    facts: (path) => factsWithin(root, inRoot(path)),
    open: (path, within = '') => openWithin(join(root, within), inRoot(path)),
    list: (directory, recursive, limit) => listWithin(root, directory, recursive, limit),
  };
}

// A task may have taken the right to write from its own folders.
async function openForRemoval(path: string): Promise<void> {
  await fs.chmod(path, privateDirectory);
  for (const entry of await fs.readdir(path, { withFileTypes: true }))
    if (entry.isDirectory()) await openForRemoval(join(path, entry.name));
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await fs.open(path, 'w', privateFile);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await fs.open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Whether an absolute, resolved path is the root or stands below it. */
function isWithin(root: string, resolved: string): boolean {
  return resolved === root || resolved.startsWith(root === '/' ? '/' : `${root}/`);
}

async function factsWithin(root: string, path: string): Promise<FileFacts | undefined> {
  const resolved = await unlessAbsent(fs.realpath(path));
  if (resolved === undefined || !isWithin(root, resolved)) return undefined;
  return toFacts(await unlessAbsent(fs.lstat(resolved)));
}

async function openWithin(root: string, path: string): Promise<OpenFile | undefined> {
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  const file = await unlessAbsent(fs.open(path, constants.O_RDONLY | constants.O_NONBLOCK));
  if (file === undefined) return undefined;
  try {
    // Asked of the open file, so that nobody can put a link in its place in between.
    const resolved = await fs.readlink(`/proc/self/fd/${file.fd}`);
    const facts = isWithin(root, resolved) ? toFacts(await file.stat()) : undefined;
    if (facts === undefined || facts.isDirectory) {
      await file.close();
      return undefined;
    }
    return {
      facts,
      async read(from, length) {
        const content = Buffer.alloc(length);
        let filled = 0;
        while (filled < length) {
          const { bytesRead } = await file.read(content, filled, length - filled, from + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return content.subarray(0, filled);
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function listWithin(
  root: string,
  directory: string,
  recursive: boolean,
  limit: number,
): Promise<readonly ListedFile[] | undefined> {
  const facts = await factsWithin(root, join(root, directory));
  if (facts?.isDirectory !== true) return undefined;
  const found: ListedFile[] = [];
  const waiting = [directory];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const resolved = await unlessAbsent(fs.realpath(join(root, next)));
    if (resolved === undefined || !isWithin(root, resolved)) continue;
    const entries = (await unlessAbsent(fs.readdir(resolved, { withFileTypes: true }))) ?? [];
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (found.length >= limit) return found;
      const path = next === '' ? entry.name : `${next}/${entry.name}`;
      const entryFacts = await factsWithin(root, join(resolved, entry.name));
      if (entryFacts === undefined) continue;
      found.push({ path, ...entryFacts });
      // A linked directory is shown but not entered: links can lead in circles.
      if (recursive && entry.isDirectory()) waiting.push(path);
    }
  }
  return found;
}

function toFacts(stats: Stats | undefined): FileFacts | undefined {
  if (stats === undefined || !(stats.isFile() || stats.isDirectory())) return undefined;
  return {
    isDirectory: stats.isDirectory(),
    sizeBytes: stats.size,
    modifiedMs: Math.floor(stats.mtimeMs),
    mode: stats.mode,
  };
}

async function unlessMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  return unless(promise, 'ENOENT');
}

// For whoever asks from outside, what cannot be reached is not there.
async function unlessAbsent<T>(promise: Promise<T>): Promise<T | undefined> {
  return unless(promise, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES', 'ENXIO');
}

async function unless<T>(promise: Promise<T>, ...codes: readonly string[]): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (hasCode(error, ...codes)) return undefined;
    throw error;
  }
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
