// A machine for an agent without a disk and without processes: files are texts in memory, a command runs for a few milliseconds and succeeds.
// The agent on it is the real one. Knows no job.
import { systemClock } from '../../shared/clock.js';
import type { Disk } from '../../agent/disk.js';
import type { Processes, TryId, TryLook } from '../../agent/processes.js';

/** A disk that keeps the agent's journal and small texts; folders always exist, and there is nothing to list or to open. */
export function createSimulatedDisk(): Disk {
  const state = new Map<string, string>();
  const texts = new Map<string, string>();
  return {
    readState: async (name) => state.get(name),
    listState: async (folder) =>
      [...state.keys()].filter((name) => name.startsWith(`${folder}/`)).map((name) => name.slice(folder.length + 1)),
    async writeState(files) {
      for (const { name, text } of files) state.set(name, text);
    },
    async removeState(names) {
      for (const name of names) state.delete(name);
    },
    makeDirectories: async () => undefined,
    exists: async () => false,
    rename: async () => undefined,
    removeDirectory: async () => undefined,
    removeEmptyDirectory: async () => undefined,
    removeEntry: async () => 'absent',
    readText: async (path) => texts.get(path),
    async writeText(path, text) {
      texts.set(path, text);
    },
    receiveFile: async () => undefined,
    giveTask: async () => undefined,
    freeBytes: async () => 1e12,
    shareFolder: async () => undefined,
    facts: async () => undefined,
    open: async () => undefined,
    list: async () => undefined,
  };
}

/** Processes of which each ends with exit code 0 after `runMs`; `onEnded` is told each time, with its environment. */
export function createSimulatedProcesses(
  runMs: number,
  onEnded: (environment: Readonly<Record<string, string>>) => void,
): Processes {
  const tries = new Map<string, TryLook>();
  const keyOf = ({ runId, number }: TryId): string => `${runId}/${number}`;
  return {
    machine: async () => ({ bootId: 'simulated', uptimeMs: systemClock.monotonicMs() }),
    findProgram: async (name) => ({ outcome: 'found', path: `/bin/${name}` }),
    async start({ tryId, environment }) {
      const key = keyOf(tryId);
      if (tries.has(key)) return { outcome: 'started', ended: Promise.resolve() };
      tries.set(key, { state: 'alive' });
      const ended = new Promise<void>((resolve) => {
        systemClock.schedule(runMs, () => {
          tries.set(key, { state: 'exited', exitCode: 0 });
          onEnded(environment);
          resolve();
        });
      });
      return { outcome: 'started', ended };
    },
    look: async (tryId) => tries.get(keyOf(tryId)) ?? { state: 'unclaimed' },
    async forbid(tryId) {
      if (tries.has(keyOf(tryId))) return false;
      tries.set(keyOf(tryId), { state: 'forbidden' });
      return true;
    },
    signal: async () => 0,
    async forget(runId) {
      for (const key of tries.keys()) if (key.startsWith(`${runId}/`)) tries.delete(key);
    },
  };
}
