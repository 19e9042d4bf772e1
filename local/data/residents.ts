// The processes that work in a data directory besides the one that holds its lock: written down when they start, so that a stack
// that comes after a killed one waits until they are gone. Azurite above all saves its tables at its very end: read before
// that, they would be old, and what the old process had acknowledged would be lost. Knows no program.
import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { delay, systemClock } from '../../shared/clock.js';
import { identifyProcess, isAlive, processIdentitySchema } from './process-identity.js';

const lookEveryMs = 20;

export type Residents = {
  /** Writes a process down; it is struck off again when `ended` resolves. */
  enter(pid: number, ended: Promise<unknown>): void;
};

/**
 * Opens the list below `directory`, waiting for the processes of an earlier stack to end by themselves, which they do once
 * their parent is gone. What still lives after `withinMs` is killed.
 */
export async function openResidents(directory: string, withinMs: number): Promise<Residents> {
  const folder = join(directory, 'processes');
  mkdirSync(folder, { recursive: true });
  const names = await readdir(folder);
  await Promise.all(names.map((name) => outlast(join(folder, name), withinMs)));
  return {
    enter(pid, ended) {
      const identity = identifyProcess(pid);
      if (identity === undefined) return;
      const path = join(folder, `${pid}.json`);
      // At once: a stack that is killed in the next moment must have said so.
      writeFileSync(path, JSON.stringify(identity));
      void ended.then(() => rm(path, { force: true }));
    },
  };
}

async function outlast(path: string, withinMs: number): Promise<void> {
  const resident = parse(await readFile(path, 'utf8'));
  const deadlineMs = systemClock.monotonicMs() + withinMs;
  while (resident !== undefined && isAlive(resident)) {
    if (systemClock.monotonicMs() >= deadlineMs) killQuietly(resident.pid);
    await delay(systemClock, lookEveryMs);
  }
  await rm(path, { force: true });
}

function parse(text: string) {
  try {
    return processIdentitySchema.safeParse(JSON.parse(text)).data;
  } catch {
    // Torn by a crash of the machine: nothing of then lives.
    return undefined;
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}
