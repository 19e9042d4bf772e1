// Which output of which runs is kept in the job's container, and what the journal remembers while it has still to be sent there. Pure.
import { z } from 'zod';
import { instantSchema, type Instant } from './instant.js';
import type { EndedState, RunRecord } from './run-record.js';

/** Output that a run has left, to be sent. Journaled with the run's end, and removed once it is there. */
export const logUploadSchema = z.object({
  version: z.literal(1),
  runId: z.string(),
  jobId: z.string(),
  incarnation: z.string(),
  jobDirectory: z.string(),
  taskId: z.string(),
  attempt: z.int(),
  /** Number of the run's last try. */
  lastRetry: z.int(),
  since: instantSchema,
});
export type LogUpload = z.infer<typeof logUploadSchema>;

/** Where the logs of a job go: the URL of its container, as its newest order told. */
export const logTargetSchema = z.object({
  version: z.literal(1),
  incarnation: z.string(),
  url: z.string(),
  at: instantSchema,
});
export type LogTarget = z.infer<typeof logTargetSchema>;

/** After this time nobody tries any more. */
export const logUploadGivenUpMs = 24 * 3600_000;
const targetIsFreshMs = 3600_000;

/** The upload that the end of a run asks for: of every preparation and release that ran, and of every task that failed. */
export function toLogUpload(run: RunRecord, state: EndedState): LogUpload | undefined {
  if (state.startedAt === undefined || run.kind === 'startTask') return undefined;
  const isOver = state.ending !== 'lost' && state.ending !== 'neverStarted';
  const isFailedTask = isOver && (state.failure !== undefined || state.exitCode !== 0);
  if (run.kind === 'task' && !isFailedTask) return undefined;
  return {
    version: 1,
    runId: run.runId,
    jobId: run.jobId,
    incarnation: run.incarnation,
    jobDirectory: run.jobDirectory,
    taskId: run.taskId,
    attempt: run.attempt,
    lastRetry: state.retryCount,
    since: state.endedAt,
  };
}

/** Whether a URL that has just come is worth a write of the journal. */
export function isWorthKeeping(known: LogTarget | undefined, ageMs: (instant: Instant) => number): boolean {
  return known === undefined || ageMs(known.at) > targetIsFreshMs;
}

/** The URL of blob `name` in the container behind `containerUrl`, with its signature. */
export function blobUrl(containerUrl: string, name: string): string {
  const url = new URL(containerUrl);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${name.split('/').map(encodeURIComponent).join('/')}`;
  return url.href;
}
