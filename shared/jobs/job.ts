// A job: tasks, and what is run on a node before its first and after its last of them.
//
//   active       entered by add or enable; tasks are assigned; left by disable, by delete, and by whatever terminates a job.
//   disabling    entered by disable; nothing is assigned any more; left when no task is on a node, by enable, or by the job's end.
//   disabled     nothing of its tasks runs; left by enable, by another disable, or by the job's end.
//   terminating  entered by terminate, by the job's time limit, by its tasks' ends; nothing is assigned any more, running tasks are killed, releases run; left when every obligation ended.
//   completed    the releases have ended, whatever their results; left by delete only.
//   deleting     entered by delete; as terminating unless the job had completed; then its rows go, page by page.
import { z } from 'zod';
import type { IdempotentRequest } from './idempotency-key.js';
import { poolSpecificationSchema, type PoolSeed } from '../pools/pool.js';
import { jobManagerSchema } from './job-manager.js';
import { resourceFileSchema } from '../tasks/resource-file.js';
import { environmentSettingSchema, runConstraintsSchema, userIdentitySchema } from '../tasks/run-definition.js';

export const preparationDefinitionSchema = z.object({
  id: z.string(),
  commandLine: z.string(),
  resourceFiles: z.array(resourceFileSchema).optional(),
  environmentSettings: z.array(environmentSettingSchema),
  constraints: runConstraintsSchema,
  waitForSuccess: z.boolean(),
  rerunOnNodeRebootAfterSuccess: z.boolean(),
  userIdentity: userIdentitySchema,
});
export type PreparationDefinition = z.infer<typeof preparationDefinitionSchema>;

export const releaseDefinitionSchema = z.object({
  id: z.string(),
  commandLine: z.string(),
  resourceFiles: z.array(resourceFileSchema).optional(),
  environmentSettings: z.array(environmentSettingSchema),
  maxWallClockMs: z.number(),
  retentionMs: z.number(),
  userIdentity: userIdentitySchema,
  /** By the account's setting when the job was added: owed wherever the preparation ran, not only where a task followed it. */
  releaseAfter: z.literal('preparation').optional(),
});
export type ReleaseDefinition = z.infer<typeof releaseDefinitionSchema>;

/** The pool that is made for the job. */
export const autoPoolSchema = z.object({
  autoPoolIdPrefix: z.string().optional(),
  poolLifetimeOption: z.enum(['job', 'jobschedule']),
  keepAlive: z.boolean(),
  pool: poolSpecificationSchema,
});
export type AutoPool = z.infer<typeof autoPoolSchema>;

/** A job as its user defined it, with Batch's defaults filled in. Absent `maxWallClockMs` = unlimited. */
export const jobDefinitionSchema = z.object({
  id: z.string(),
  displayName: z.string().optional(),
  priority: z.int(),
  maxParallelTasks: z.int(),
  constraints: z.object({ maxWallClockMs: z.number().optional(), maxTaskRetryCount: z.int().min(-1) }),
  jobManagerTask: jobManagerSchema.optional(),
  jobPreparationTask: preparationDefinitionSchema.optional(),
  jobReleaseTask: releaseDefinitionSchema.optional(),
  commonEnvironmentSettings: z.array(environmentSettingSchema),
  /** Kept to be echoed: without a virtual network there is nothing to join. */
  networkConfiguration: z.record(z.string(), z.unknown()).optional(),
  /** Given by the service where the job has a pool made for it. */
  poolId: z.string(),
  autoPool: autoPoolSchema.optional(),
  onAllTasksComplete: z.enum(['noaction', 'terminatejob']),
  onTaskFailure: z.enum(['noaction', 'performexitoptionsjobaction']),
  usesTaskDependencies: z.boolean().optional(),
  metadata: z.array(z.object({ name: z.string(), value: z.string() })),
});
export type JobDefinition = z.infer<typeof jobDefinitionSchema>;

export type JobState = 'active' | 'disabling' | 'disabled' | 'terminating' | 'completed' | 'deleting';

/** What becomes of the tasks that run when their job is disabled. */
export type DisableTasks = 'requeue' | 'terminate' | 'wait';

/**
 * What a pass found to follow from the end of a task. Noted in the very transaction that saves that end, so that it happens also if the
 * pass dies before its last one.
 */
export type DueChange =
  | { readonly kind: 'terminate'; readonly terminateReason: string }
  | { readonly kind: 'disable'; readonly disableTasks: DisableTasks };

/** Why nothing of an active job can run: since when, and how the preparation failed where. */
export type BlockedJob = {
  readonly since: string;
  /** By node, the code of the failure. Of many nodes only the first are told. */
  readonly nodes: readonly { readonly nodeId: string; readonly code: string }[];
  readonly nodeCount: number;
};

export type Job = {
  readonly definition: JobDefinition;
  /** A uuid given when the job is added, so that a reused id is another job. */
  readonly incarnation: string;
  readonly creationTime: string;
  readonly lastModified: string;
  readonly state: JobState;
  readonly stateTransitionTime: string;
  readonly previousState?: JobState;
  readonly previousStateTransitionTime?: string;
  /** Given by the first thing that ends the job. */
  readonly terminateReason?: string;
  /** When the job completed. */
  readonly endTime?: string;
  /** How the job was last disabled; only while it is disabling or disabled. */
  readonly disableTasks?: DisableTasks;
  /** Its end does not wait for its nodes: what they still owe is waived. */
  readonly isForced?: true;
  /** Its preparation failed on every node that its pool has: tasks wait, and none can run. */
  readonly blocked?: BlockedJob;
  /** What has to happen to the job in the next look at it. */
  readonly due?: DueChange;
  /** Whether tasks may go on that waited for others, or have to be looked at first: tasks/settle-dependencies.ts does, in the next pass. */
  readonly dependenciesDue?: true;
  /** Whether a task was deleted that had satisfied others: whoever gets its id has to satisfy them anew. */
  readonly satisfiedDeleted?: true;
  /** Order number of the next task to be added. */
  readonly nextTaskOrder: number;
  /** Tasks that have not completed. */
  readonly openTasks: number;
  /** Whether any node was ever assigned a task: without, nothing is owed when the job ends. */
  readonly everAssigned: boolean;
  /** Whether the schedule that made it is still to be asked if it wants it: it may have come to its end while the job was being added. */
  readonly asksSchedule?: true;
  /** Of the request that added it, if that had an Idempotency-Key. */
  readonly addedBy?: IdempotentRequest;
  /** What its own pool is to begin with; gone once it was made, so that one that is deleted is not made again. */
  readonly autoPoolSeed?: PoolSeed;
  /** Whether every row of the job has the columns that lists are filtered by: docs/decisions/0019-rows-carry-what-lists-ask-for.md. */
  readonly rowsHaveColumns?: true;
  /** Whether its pool was told of it since it exists, so that the pool's reference stays until the job is over or goes to another pool. */
  readonly isNamed?: true;
  /** Given by the last request that changed the job, so that a write whose answer was lost is recognised as its own. */
  readonly writeStamp?: string;
};
