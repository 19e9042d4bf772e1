// Removes one entry below a directory for somebody outside, and never anything else: whoever owns the folders may put links into the way
// at any moment, so every step starts from an open folder, not from a path.
import { constants, promises as fs } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Removal } from '../disk.js';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
// Each level of the way down holds a folder open.
const deepest = 200;

/**
 * Removes the file, link or folder at the absolute `path`; a folder that holds something only if `recursive`.
 * A link is removed itself; what it leads to stays, and so does what the path reaches through links only. Rejects with what the disk says beyond the outcomes of `Removal`.
 */
export async function removeWithin(root: string, path: string, recursive: boolean): Promise<Removal> {
  try {
    return await inFolder(dirname(path), O_RDONLY | O_DIRECTORY, async (parent) => {
      // Links in the path may lead anywhere; what counts is where the open folder is.
      const resolved = await fs.readlink(parent);
      if (resolved !== root && !resolved.startsWith(root === '/' ? '/' : `${root}/`)) return 'absent';
      // Under another name than its own nobody could tell whether the folder may go.
      if (resolved !== dirname(path)) return 'denied';
      return removeEntry(parent, Buffer.from(basename(path)), recursive, 0);
    });
  } catch (error) {
    return toRemoval(error);
  }
}

// Names are bytes: what a command wrote there need not be text.
async function removeEntry(parent: string, name: Buffer, recursive: boolean, depth: number): Promise<Removal> {
  const entry = Buffer.concat([Buffer.from(`${parent}/`), name]);
  if (!(await fs.lstat(entry)).isDirectory()) {
    await fs.unlink(entry);
    return 'removed';
  }
  if (recursive) {
    if (depth >= deepest) return 'denied';
    await inFolder(entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, async (folder) => {
      for (const child of await fs.readdir(folder, { encoding: 'buffer' })) await removeChild(folder, child, depth + 1);
    });
  }
  await fs.rmdir(entry);
  return 'removed';
}

// What somebody else has removed meanwhile is as it should be.
async function removeChild(folder: string, name: Buffer, depth: number): Promise<void> {
  try {
    await removeEntry(folder, name, true, depth);
  } catch (error) {
    if (toRemoval(error) !== 'absent') throw error;
  }
}

/** Opens a folder and gives its name among this process's open files, which means that folder whatever becomes of its path. */
async function inFolder<T>(path: string | Buffer, flags: number, act: (folder: string) => Promise<T>): Promise<T> {
  const folder = await fs.open(path, flags);
  try {
    return await act(`/proc/self/fd/${folder.fd}`);
  } finally {
    await folder.close();
  }
}

const outcomes: Readonly<Record<string, Removal>> = {
  ENOENT: 'absent',
  ENOTDIR: 'absent',
  ELOOP: 'absent',
  ENAMETOOLONG: 'absent',
  ENOTEMPTY: 'notEmpty',
  EEXIST: 'notEmpty',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  EBUSY: 'denied',
  EISDIR: 'denied',
};

function toRemoval(error: unknown): Removal {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const removal = Object.hasOwn(outcomes, code) ? outcomes[code] : undefined;
  if (removal === undefined) throw error;
  return removal;
}
