// A run as the journal keeps it, one file each.
//
//   accepted  journaled with its order; nothing has run. From `beganAt` on it receives its files, again after a crash. With `needsFreshOrder`
//             it waits for its order to come again. Left when it is started, or ended unstarted.
//   running   try `tryNumber` may have been started: journaled before it is, so whoever reads this must look at the try.
//             `ending` is journaled before the first signal: the first reason wins.
//   ended     nothing of it will run again. Kept after its acknowledgement, so that an old order never runs it again.
import { z } from 'zod';
import { failureInfoSchema, runDefinitionSchema } from '../shared/tasks/run-definition.js';
import { instantSchema } from './instant.js';
import { runUserSchema } from './users.js';

const endingSchema = z.object({
  ending: z.enum(['killed', 'wallClock', 'lost']),
  failure: failureInfoSchema.optional(),
});
/** Why a run is being ended by the node. */
export type Ending = z.infer<typeof endingSchema>;

const definitionSourceSchema = z.union([z.object({ inline: runDefinitionSchema }), z.object({ url: z.string() })]);

/** A try that ended before the present or last one of its run. */
const trySchema = z.object({
  number: z.int(),
  startedAt: instantSchema,
  endedAt: instantSchema,
  exitCode: z.int().optional(),
});
export type TryRecord = z.infer<typeof trySchema>;
/** Of the tries of a run, no more than these are remembered: the newest. */
export const mostTries = 10;

const stateSchema = z.discriminatedUnion('name', [
  z.object({
    name: z.literal('accepted'),
    definition: definitionSourceSchema,
    /** Since when it receives its resource files, which counts as running. */
    beganAt: instantSchema.optional(),
    /** A URL in its order is good no more. */
    needsFreshOrder: z.literal(true).optional(),
    /** How often its order came again for that. */
    renewals: z.int().optional(),
  }),
  z.object({
    name: z.literal('running'),
    definition: runDefinitionSchema,
    /** Absolute path found for the command line's first word. */
    program: z.string(),
    /** 0 for the first try; the count of retries so far. */
    tryNumber: z.int(),
    /** Absent: the agent's own. */
    user: runUserSchema.optional(),
    firstStartedAt: instantSchema,
    /** Start of the present try. */
    startedAt: instantSchema,
    /** The tries before the present one. */
    tries: z.array(trySchema).optional(),
    ending: endingSchema.optional(),
  }),
  z.object({
    name: z.literal('ended'),
    ending: z.enum(['exited', 'notStartable', 'wallClock', 'killed', 'neverStarted', 'lost']),
    exitCode: z.int().optional(),
    failure: failureInfoSchema.optional(),
    retryCount: z.int(),
    startedAt: instantSchema.optional(),
    endedAt: instantSchema,
    /** The tries before the last one. */
    tries: z.array(trySchema).optional(),
    /** How long its folder is to be kept; absent where it never came to have one. */
    retentionMs: z.number().optional(),
    /** The controller has saved the end: it need not be reported again. */
    acknowledged: z.boolean(),
  }),
]);

export const runRecordSchema = z.object({
  version: z.literal(1),
  runId: z.string(),
  kind: z.enum(['startTask', 'preparation', 'task', 'release']),
  jobId: z.string(),
  incarnation: z.string(),
  jobDirectory: z.string(),
  preparationTaskId: z.string().optional(),
  taskId: z.string(),
  attempt: z.int(),
  requiresPreparation: z.string().optional(),
  /** The image it was accepted on: a preparation counts on no other. */
  imageEpoch: z.int(),
  acceptedAt: instantSchema,
  state: stateSchema,
});
export type RunRecord = z.infer<typeof runRecordSchema>;
export type RunState = RunRecord['state'];
export type AcceptedState = Extract<RunState, { name: 'accepted' }>;
export type RunningState = Extract<RunState, { name: 'running' }>;
export type EndedState = Extract<RunState, { name: 'ended' }>;
export type RunningRecord = RunRecord & { readonly state: RunningState };

/** Whether this preparation succeeded on the present image. */
export function isSuccess(run: RunRecord, imageEpoch: number): boolean {
  return (
    run.imageEpoch === imageEpoch &&
    run.state.name === 'ended' &&
    run.state.ending === 'exited' &&
    run.state.exitCode === 0
  );
}

/** The marker that all processes of a job on this node carry. */
export function jobMarker(incarnation: string, nodeId: string): string {
  return `${incarnation}/${nodeId}`;
}
