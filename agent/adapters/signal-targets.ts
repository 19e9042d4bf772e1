// Finds and signals all processes of runs, jobs or the node: by marker in their environment, by the group and session of a run's wrapper,
// and by descent from either. A process that left all three before anybody looked cannot be found.
import { markerNames, type Signal, type Target } from '../processes.js';
import { readProcess, readProcessTable, wasStartedWith, type ProcessRow } from './process-table.js';

/** A process for good, within one boot. */
export type KnownProcess = { readonly pid: number; readonly startTicks: number };
export type Leader = KnownProcess;

export type Known = {
  /** The wrappers of each run's tries, alive or not. */
  readonly leaders: ReadonlyMap<string, readonly Leader[]>;
  /** What an earlier look at these targets found: it still counts when the parent that told whose it is has died meanwhile. */
  readonly found: readonly KnownProcess[];
  /** The node root: every process of the node was started with its path. */
  readonly root: string;
};

/** Answers the living processes that were found. */
export function signalTargets(targets: readonly Target[], known: Known, signal: Signal): readonly KnownProcess[] {
  const table = readProcessTable();
  const found = findProcesses(table, targets, known);
  for (const row of found) {
    // The pid may have passed to another process since the table was read.
    if (signal === 'none' || readProcess(row.pid)?.startTicks !== row.startTicks) continue;
    try {
      process.kill(row.pid, signal);
    } catch {
      // Gone by itself, or not ours to signal: the next look tells.
    }
  }
  return found.map(({ pid, startTicks }) => ({ pid, startTicks }));
}

function findProcesses(
  table: ReadonlyMap<number, ProcessRow>,
  targets: readonly Target[],
  { leaders, found, root }: Known,
): ProcessRow[] {
  const markers = targets.map((target) => markersOf(target, root));
  const living = [...table.values()].filter((row) => !row.isZombie);
  const own = ancestorsAndSelf(table);
  const groups = [...leaders.values()].flat().filter(({ pid, startTicks }) => {
    // Another process of that pid is proof that nothing of the old group lives: a pid is not reused while its group does.
    const holder = table.get(pid);
    return holder === undefined || holder.startTicks === startTicks;
  });
  // Nothing of a run is older than its first wrapper, which spares reading most environments.
  const oldestTicks = Math.min(
    ...targets.map((target) => oldestOf(target.kind === 'run' ? leaders.get(target.runId) : undefined)),
  );
  const chosen = new Set(
    found.filter(({ pid, startTicks }) => table.get(pid)?.startTicks === startTicks).map(({ pid }) => pid),
  );
  for (const row of living) {
    if (own.has(row.pid) || row.startTicks < oldestTicks) continue;
    const isMember = groups.some(
      ({ pid, startTicks }) => (row.groupId === pid || row.sessionId === pid) && row.startTicks >= startTicks,
    );
    if (isMember || wasStartedWith(row.pid, markers)) chosen.add(row.pid);
  }
  addDescendants(living, chosen, own);
  return living.filter((row) => chosen.has(row.pid));
}

function addDescendants(living: readonly ProcessRow[], chosen: Set<number>, own: ReadonlySet<number>): void {
  if (chosen.size === 0) return;
  for (let before = -1; before !== chosen.size;) {
    before = chosen.size;
    for (const row of living) if (chosen.has(row.parentPid) && !own.has(row.pid)) chosen.add(row.pid);
  }
}

/** The variables that all processes of a target were started with. */
export function markersOf(target: Target, root: string): readonly string[] {
  const ofNode = `${markerNames.node}=${root}`;
  switch (target.kind) {
    case 'run':
      return [ofNode, `${markerNames.run}=${target.runId}`];
    case 'job':
      return [ofNode, `${markerNames.job}=${target.marker}`];
    case 'node':
      return [ofNode];
  }
}

function oldestOf(leaders: readonly Leader[] | undefined): number {
  return leaders === undefined || leaders.length === 0 ? 0 : Math.min(...leaders.map((leader) => leader.startTicks));
}

// An agent that was itself started by a task must not end itself.
function ancestorsAndSelf(table: ReadonlyMap<number, ProcessRow>): Set<number> {
  const own = new Set<number>();
  for (let pid = process.pid; pid > 0 && !own.has(pid); pid = table.get(pid)?.parentPid ?? 0) own.add(pid);
  return own;
}
