// Reads the kernel's process table from /proc. Knows pids, parents and markers, no runs.
import { readdirSync, readFileSync } from 'node:fs';

export type ProcessRow = {
  readonly pid: number;
  readonly parentPid: number;
  readonly groupId: number;
  readonly sessionId: number;
  /** Start in clock ticks since boot: with the pid, the identity of a process within one boot. */
  readonly startTicks: number;
  readonly isZombie: boolean;
};

/** All processes at about one moment. */
export function readProcessTable(): Map<number, ProcessRow> {
  const rows = new Map<number, ProcessRow>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const row = readProcess(Number(name));
    if (row !== undefined) rows.set(row.pid, row);
  }
  return rows;
}

/** One process; undefined when there is none of that pid. */
export function readProcess(pid: number): ProcessRow | undefined {
  const stat = readOrUndefined(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is the program's name in parentheses and may hold anything, so what follows its last one is split.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    pid,
    parentPid: field(4),
    groupId: field(5),
    sessionId: field(6),
    startTicks: field(22),
    isZombie: fields[0] === 'Z' || fields[0] === 'X',
  };
}

/** Whether the process was started with all variables (each `NAME=value`) of one of `sets` in its environment. */
export function wasStartedWith(pid: number, sets: readonly (readonly string[])[]): boolean {
  const environment = readOrUndefined(`/proc/${pid}/environ`);
  if (environment === undefined || environment === '') return false;
  const enclosed = `\0${environment}`;
  return sets.some((set) => set.every((variable) => enclosed.includes(`\0${variable}\0`)));
}

// Processes come and go while they are read, and those of others may not be readable.
function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
