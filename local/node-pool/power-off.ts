// Taking away a local node takes away everything that still runs on it, as switching off a machine would.
// Agents end their own tasks; this is for what is left when an agent was killed. Knows processes by /proc only.
import { readdir, readFile, readlink } from 'node:fs/promises';
import { delay, systemClock } from '../../shared/clock.js';

const sweepPauseMs = 20;
const mostSweeps = 100;

/** Kills every process that runs below `directory`, or was told that its node's root is there, until two looks find none. */
export async function powerOff(directory: string): Promise<void> {
  let quietLooks = 0;
  for (let sweep = 0; sweep < mostSweeps && quietLooks < 2; sweep++) {
    const found = await processesBelow(directory);
    quietLooks = found.length === 0 ? quietLooks + 1 : 0;
    found.forEach(killQuietly);
    if (quietLooks < 2) await delay(systemClock, sweepPauseMs);
  }
}

async function processesBelow(directory: string): Promise<number[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(async (pid) => ((await belongsTo(pid, directory)) ? [pid] : [])));
  return found.flat();
}

async function belongsTo(pid: number, directory: string): Promise<boolean> {
  if (pid === process.pid) return false;
  // Unreadable means gone, or another user's: not ours either way.
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
  if (isBelow(cwd.replace(/ \(deleted\)$/, ''), directory)) return true;
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  const told = environment.split('\0').find((entry) => entry.startsWith(rootVariable));
  return told !== undefined && isBelow(told.slice(rootVariable.length), directory);
}

const rootVariable = 'AZ_BATCH_NODE_ROOT_DIR=';

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}
