// Finds the program of a command line as execvp does, so that its absence is known before anything is started.
import { constants, promises as fs } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { ProgramLookup } from '../processes.js';

/** Names with '/' stand relative to `workingDirectory`; others are looked for along `searchPath`. Answers the absolute path. */
export async function findProgram(name: string, searchPath: string, workingDirectory: string): Promise<ProgramLookup> {
  const candidates = name.includes('/')
    ? [resolve(workingDirectory, name)]
    : searchPath
        .split(':')
        .map((folder) => resolve(workingDirectory, isAbsolute(folder) ? folder : `./${folder}`, name));
  let wasRefused = false;
  for (const path of candidates) {
    const found = await check(path);
    if (found === 'executable') return { outcome: 'found', path };
    wasRefused ||= found === 'refused';
  }
  return wasRefused
    ? { outcome: 'notExecutable', message: 'Permission denied' }
    : { outcome: 'missing', message: 'No such file or directory' };
}

async function check(path: string): Promise<'executable' | 'refused' | 'absent'> {
  try {
    const stats = await fs.stat(path);
    if (!stats.isFile()) return 'refused';
    await fs.access(path, constants.X_OK);
    return 'executable';
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES' ? 'refused' : 'absent';
  }
}
