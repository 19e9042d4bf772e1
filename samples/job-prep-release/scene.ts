// What every step of the sample is given: the client, the person's side and the names and numbers. Does nothing.
import type { Answers } from './arguments.js';
import type { BatchServiceClient } from './connect.js';
import type { SampleIo } from './terminal.js';

export type SampleOptions = {
  readonly answers: Answers;
  readonly poolId: string;
  readonly jobId: string;
  readonly nodeCount: number;
  readonly taskCount: number;
  /** Between two looks during a wait. */
  readonly pollEveryMs: number;
  readonly tasksWithinMs: number;
  readonly completedWithinMs: number;
  /** Whether job and pool of a run that was interrupted by `signal` are deleted: not worth it when the endpoint goes too. */
  readonly cleansUpWhenInterrupted: boolean;
  readonly signal?: AbortSignal;
};

/** The article's names and numbers, for an endpoint close by. */
export const articleOptions: SampleOptions = {
  answers: {},
  poolId: 'JobPrepReleaseSamplePool',
  jobId: 'JobPrepReleaseSampleJob',
  nodeCount: 2,
  taskCount: 8,
  pollEveryMs: 100,
  tasksWithinMs: 5 * 60_000,
  completedWithinMs: 2 * 60_000,
  cleansUpWhenInterrupted: true,
};

/** What a step needs. */
export type Scene = { readonly client: BatchServiceClient; readonly io: SampleIo; readonly options: SampleOptions };
