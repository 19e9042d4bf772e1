// Deletes a file or folder below the node root for a client. Files may go at any time, also those of a task that runs; folders stay that
// the node itself needs, or a run that has not ended. Paths that leave the root are answered as absent.
import type { FileReply } from '../shared/nodes/node-messages.js';
import type { Disk } from './disk.js';
import { isPlainPath, rootDirectories, taskPaths } from './task-paths.js';

/** Folders that may not go now, as paths below the root. */
export type HeldFolders = () => Iterable<string>;

/** Looks like a file of a client's, but tells the agent which image it runs on. */
const ownFolder = 'volatile';

export async function deleteFile(
  disk: Pick<Disk, 'removeEntry'>,
  { path, recursive }: { readonly path: string; readonly recursive: boolean },
  held: HeldFolders,
): Promise<FileReply['answer']> {
  if (!isPlainPath(path)) return { kind: 'notFound' };
  if (isHeld(path, held())) return { kind: 'notDeleted', reason: 'inUse' };
  const removal = await disk.removeEntry(path, recursive);
  switch (removal) {
    case 'removed':
      return { kind: 'deleted' };
    case 'absent':
      return { kind: 'notFound' };
    case 'notEmpty':
    case 'denied':
      return { kind: 'notDeleted', reason: removal };
  }
}

function isHeld(path: string, held: Iterable<string>): boolean {
  if (path === ownFolder || path.startsWith(`${ownFolder}/`)) return true;
  const isOrHolds = (folder: string): boolean => folder === path || folder.startsWith(`${path}/`);
  if (rootDirectories.some(isOrHolds)) return true;
  for (const folder of held) if (isOrHolds(folder)) return true;
  return false;
}

/** The folders of runs that have not ended. */
export function* foldersOfRuns(
  runs: Iterable<{ readonly jobDirectory: string; readonly taskId: string; readonly state: { readonly name: string } }>,
): Iterable<string> {
  for (const { jobDirectory, taskId, state } of runs) {
    if (state.name === 'ended') continue;
    const { working, certificates } = taskPaths(jobDirectory, taskId);
    yield working;
    yield certificates;
  }
}
