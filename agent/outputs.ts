// The output files of a folder. The present try writes stdout.txt and stderr.txt, as in Batch; what earlier tries wrote stands beside them as
// stdout.<attempt>.<retry>.txt: attempts count the orders of a run (again after a reboot, say), retries the tries within one, from 0.
import type { Disk } from './disk.js';
import type { RunRecord } from './run-record.js';
import type { TaskPaths } from './task-paths.js';

/** Which try wrote an output. */
export type OutputOf = { readonly attempt: number; readonly retry: number };

/** Of earlier tries in one folder, no more than these are kept: the newest. */
export const mostKeptOutputs = 10;
const mostListed = 10_000;

/** The path under which a try's `stdout.txt` or `stderr.txt` is kept beside it. */
export function keptOutputPath(path: string, { attempt, retry }: OutputOf): string {
  return path.replace(/\.txt$/, `.${attempt}.${retry}.txt`);
}

/**
 * Keeps the output of the try `of`, if there is any, before another one writes; the oldest go. Must come before the journal names the next
 * try: then nothing writes to these files, and doing it twice moves nothing.
 */
export async function setOutputAside(disk: Disk, paths: TaskPaths, of: OutputOf): Promise<void> {
  const present = (await disk.exists(paths.stdout)) || (await disk.exists(paths.stderr));
  if (!present) return;
  await disk.rename(paths.stderr, keptOutputPath(paths.stderr, of));
  await disk.rename(paths.stdout, keptOutputPath(paths.stdout, of));
  const kept = await listKeptOutputs(disk, paths);
  // Only files: a task could have made a directory of such a name.
  for (const { path } of kept.slice(2 * mostKeptOutputs)) await disk.removeDirectory(path);
}

/** The outputs of earlier tries that stand in the folder, newest try first. */
export async function listKeptOutputs(
  disk: Disk,
  { task }: TaskPaths,
): Promise<readonly (OutputOf & { readonly path: string; readonly name: string })[]> {
  const listed = (await disk.list(task, false, mostListed)) ?? [];
  return listed
    .flatMap(({ path, isDirectory }) => {
      const name = path.slice(task.length + 1);
      const [, attempt, retry] = /^std(?:out|err)\.(\d+)\.(\d+)\.txt$/.exec(name) ?? [];
      return isDirectory || attempt === undefined
        ? []
        : [{ path, name, attempt: Number(attempt), retry: Number(retry) }];
    })
    .sort((a, b) => b.attempt - a.attempt || b.retry - a.retry);
}

/** Which try wrote what `run` finds in its folder: the last one of the newest run before it. */
export function earlierOutput(run: RunRecord, runs: Iterable<RunRecord>): OutputOf {
  let newest: OutputOf = { attempt: Math.max(run.attempt - 1, 0), retry: 0 };
  let isKnown = false;
  for (const other of runs) {
    const isEarlier =
      other.jobDirectory === run.jobDirectory && other.taskId === run.taskId && other.attempt < run.attempt;
    if (!isEarlier || other.state.name !== 'ended' || other.state.startedAt === undefined) continue;
    if (isKnown && other.attempt <= newest.attempt) continue;
    newest = { attempt: other.attempt, retry: other.state.retryCount };
    isKnown = true;
  }
  return newest;
}
