// Writes a file that is on its way below a directory that it must not leave. Everything is done through the opened parent directory, so that
// nobody can put a link in its place in between. Knows no meaning of the file.
import { createHash } from 'node:crypto';
import { constants, promises as fs } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FileRefused, type FileFault } from '../disk.js';

/** `path` is relative to `within`, which exists. Rejects with FileRefused, or as `content` does; nothing of the file is left then. */
export async function receiveWithin(
  within: string,
  path: string,
  mode: number,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  const folder = await openFolder(within, dirname(path));
  try {
    const inFolder = (name: string): string => `/proc/self/fd/${folder.fd}/${name}`;
    const name = basename(path);
    const unfinished = inFolder(`.${createHash('sha256').update(name).digest('hex').slice(0, 16)}.unfinished`);
    // What an earlier agent left, or somebody put there.
    await refused('notCreated', fs.rm(unfinished, { force: true }));
    const file = await refused('notCreated', fs.open(unfinished, 'wx', 0o600));
    try {
      try {
        for await (const chunk of content) await refused('notWritten', writeAll(file, chunk));
        await refused('notWritten', file.chmod(mode));
      } finally {
        await refused('notWritten', file.close());
      }
      await refused('notCreated', fs.rename(unfinished, inFolder(name)));
    } catch (error) {
      await fs.rm(unfinished, { force: true });
      throw error;
    }
  } finally {
    await folder.close();
  }
}

async function openFolder(within: string, path: string): Promise<fs.FileHandle> {
  const bound = await refused('directoryNotMade', fs.realpath(within));
  const wanted = join(bound, path);
  await requireWithin(bound, await nearest(wanted));
  await refused('directoryNotMade', fs.mkdir(wanted, { recursive: true }));
  const folder = await refused('directoryNotMade', fs.open(wanted, constants.O_RDONLY | constants.O_DIRECTORY));
  try {
    await requireWithin(bound, await fs.readlink(`/proc/self/fd/${folder.fd}`));
    return folder;
  } catch (error) {
    await folder.close();
    throw error;
  }
}

/** Where the part of a path that exists really is. */
async function nearest(path: string): Promise<string> {
  for (let known = path; ; known = dirname(known)) {
    try {
      return await fs.realpath(known);
    } catch (error) {
      if (!isMissing(error)) throw toRefusal('directoryNotMade', error);
      // A link that leads to nothing is there all the same, and making directories would follow it.
      if (await isLink(known)) throw new FileRefused('A link that leads nowhere is in the way', 'escapes');
      // What is no link may have been made meanwhile, for another file: then it is as good as its parent.
    }
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await fs.lstat(path)).isSymbolicLink();
  } catch (error) {
    if (isMissing(error)) return false;
    throw toRefusal('directoryNotMade', error);
  }
}

function requireWithin(bound: string, real: string): Promise<void> {
  if (real === bound || real.startsWith(`${bound}/`)) return Promise.resolve();
  return Promise.reject(new FileRefused('The path leads out of the working directory', 'escapes'));
}

async function writeAll(file: fs.FileHandle, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.length;) {
    const { bytesWritten } = await file.write(chunk, written);
    written += bytesWritten;
  }
}

async function refused<T>(fault: FileFault, attempt: Promise<T>): Promise<T> {
  try {
    return await attempt;
  } catch (error) {
    throw toRefusal(fault, error);
  }
}

function toRefusal(fault: FileFault, error: unknown): FileRefused {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new FileRefused(`The disk refused: ${code}`, isFull ? 'diskFull' : fault, { cause: error });
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';
