// Whether this agent can run tasks as users of a range: better said at its start than by every task.
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { UserRange } from '../users.js';

export const setprivPath = '/usr/bin/setpriv';

/** What stands in the way; undefined when nothing does. The node root exists. */
export function findTaskUsersFault({ first, last }: UserRange, rootDirectory: string): string | undefined {
  const wanted = `Tasks cannot run as users ${first} to ${last}`;
  if (process.getuid?.() !== 0) return `${wanted}: only an agent that runs as root can start them`;
  try {
    accessSync(setprivPath, constants.X_OK);
  } catch {
    return `${wanted}: ${setprivPath} was not found; it comes with util-linux`;
  }
  for (let folder = rootDirectory; ; folder = dirname(folder)) {
    const { mode } = statSync(folder);
    if ((mode & 0o001) === 0)
      return `${wanted}: they could not reach the node root, as ${folder} is closed to them (mode ${(mode & 0o777).toString(8)}); open it with chmod o+x`;
    if (folder === dirname(folder)) return undefined;
  }
}
