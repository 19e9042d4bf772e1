// Removes the folders of ended runs once their retention time is over. Interrupted anywhere, the next agent goes on from the journal.
import type { Timer } from '../shared/clock.js';
import type { AgentWorld } from './agent-context.js';
import type { NodeTime } from './instant.js';
import type { Journal } from './journal.js';
import { isInUse, keptForMs, type KeptFolder } from './kept-folder.js';

export type FolderKeeper = {
  /** A folder's run has ended, or is known from the journal. */
  note(folder: KeptFolder): void;
  /** Resolves when nobody is removing this folder. To be awaited, once the run is journaled, before its folder is made. */
  whenFree(directory: string): Promise<void>;
  stop(): void;
};

// A folder that somebody needs, or that could not be removed, is looked at again after this time.
const againMs = 60_000;

export function startFolderKeeper({
  journal,
  disk,
  clock,
  log,
  time,
}: Pick<AgentWorld, 'disk' | 'clock' | 'log'> & { readonly journal: Journal; readonly time: NodeTime }): FolderKeeper {
  const leaving = new Map<string, Promise<void>>();
  let timer: Timer | undefined;
  let dueAtMs = Infinity;
  let isStopped = false;

  const arm = (inMs: number): void => {
    const atMs = clock.monotonicMs() + inMs;
    if (isStopped || atMs >= dueAtMs) return;
    timer?.cancel();
    dueAtMs = atMs;
    timer = clock.schedule(inMs, () => {
      dueAtMs = Infinity;
      look();
    });
  };
  const look = (): void => {
    for (const folder of journal.keptFolders.values()) {
      const leftMs = keptForMs(folder, time.ageMs);
      if (leftMs > 0) arm(leftMs);
      else if (isInUse(folder, journal.pending.values(), journal.logUploads.values())) arm(againMs);
      else if (!leaving.has(folder.directory)) leave(folder);
    }
  };
  const leave = (folder: KeptFolder): void => {
    const gone = remove(folder)
      .catch((error: unknown) => {
        log.warn('folder was not removed', { directory: folder.directory, error });
        arm(againMs);
      })
      .finally(() => leaving.delete(folder.directory));
    leaving.set(folder.directory, gone);
  };
  const remove = async (folder: KeptFolder): Promise<void> => {
    await disk.removeDirectory(folder.directory);
    await journal.removeKeptFolders([folder.directory]);
    log.info('folder was removed after its retention time', { directory: folder.directory });
  };
  for (const folder of journal.keptFolders.values()) arm(keptForMs(folder, time.ageMs));
  return {
    note: (folder) => arm(keptForMs(folder, time.ageMs)),
    whenFree: (directory) => leaving.get(directory) ?? Promise.resolve(),
    stop() {
      isStopped = true;
      timer?.cancel();
    },
  };
}
