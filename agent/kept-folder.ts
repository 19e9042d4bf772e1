// The folders of runs that have ended, and when they may go: after the run's retention time, not before. Pure.
// https://learn.microsoft.com/rest/api/batchservice/task/add#taskconstraints
import { z } from 'zod';
import { instantSchema, type Instant } from './instant.js';
import type { LogUpload } from './kept-log.js';
import type { RunRecord } from './run-record.js';
import { taskPaths } from './task-paths.js';

/** The folder of a task, preparation or release whose latest run has ended. Journaled together with that end. */
export const keptFolderSchema = z.object({
  version: z.literal(1),
  /** Below the node root. */
  directory: z.string(),
  runId: z.string(),
  kind: z.enum(['preparation', 'task', 'release']),
  incarnation: z.string(),
  endedAt: instantSchema,
  retentionMs: z.number(),
});
export type KeptFolder = z.infer<typeof keptFolderSchema>;

/** What is to be remembered of the folder of a run that has just ended; nothing where the run never came to have one. */
export function toKeptFolder({ state, ...run }: RunRecord): KeptFolder | undefined {
  // The start task's folder stays for as long as its node.
  if (state.name !== 'ended' || state.retentionMs === undefined || run.kind === 'startTask') return undefined;
  return {
    version: 1,
    directory: taskPaths(run.jobDirectory, run.taskId).task,
    runId: run.runId,
    kind: run.kind,
    incarnation: run.incarnation,
    endedAt: state.endedAt,
    retentionMs: state.retentionMs,
  };
}

/** How long the folder has still to be kept; 0 = it may go. */
export function keptForMs(folder: KeptFolder, ageMs: (instant: Instant) => number): number {
  return Math.max(0, folder.retentionMs - ageMs(folder.endedAt));
}

/**
 * Whether somebody still needs the folder although its time is over: whoever sends the output in it away, a later run of the same task, or,
 * that of a preparation, any run of its job, as tasks may read there.
 */
export function isInUse(folder: KeptFolder, unfinished: Iterable<RunRecord>, uploads: Iterable<LogUpload>): boolean {
  for (const { jobDirectory, taskId } of uploads)
    if (taskPaths(jobDirectory, taskId).task === folder.directory) return true;
  for (const run of unfinished) {
    if (run.state.name === 'ended') continue;
    if (taskPaths(run.jobDirectory, run.taskId).task === folder.directory) return true;
    if (folder.kind === 'preparation' && run.incarnation === folder.incarnation) return true;
  }
  return false;
}
