// A task: one command line of a job, run once on some node of the job's pool.
//
//   active     entered by add, and again by a requeue; waits for a slot; left by assignment or by the user.
//   preparing  entered by assignment to a node whose preparation of this job has not succeeded yet; left when it ends.
//   running    entered by assignment or by the preparation's success; left by the end of the process or a requeue.
//   completed  final, whatever the result.
import { z } from 'zod';
import { taskDependenciesSchema } from './dependencies.js';
import { exitConditionsSchema } from './exit-conditions.js';
import { outputFileSchema, resourceFileSchema } from './resource-file.js';
import {
  environmentSettingSchema,
  runConstraintsSchema,
  userIdentitySchema,
  type FailureInfo,
} from './run-definition.js';

/** A task as its user defined it, with Batch's defaults filled in. */
export const taskDefinitionSchema = z.object({
  id: z.string(),
  displayName: z.string().optional(),
  commandLine: z.string(),
  resourceFiles: z.array(resourceFileSchema).optional(),
  outputFiles: z.array(outputFileSchema).optional(),
  environmentSettings: z.array(environmentSettingSchema),
  constraints: runConstraintsSchema,
  requiredSlots: z.int().min(1),
  /** No other task runs on its node meanwhile: it takes all slots there. */
  runExclusive: z.literal(true).optional(),
  /** The node that it would rather run on, as Batch names it for this: a hint. */
  affinityId: z.string().optional(),
  exitConditions: exitConditionsSchema.optional(),
  dependsOn: taskDependenciesSchema.optional(),
  userIdentity: userIdentitySchema,
});
export type TaskDefinition = z.infer<typeof taskDefinitionSchema>;

export type TaskState = 'active' | 'preparing' | 'running' | 'completed';

/** Which node has the task (or had it last), and the one run of it that counts. */
export type TaskAssignment = {
  readonly poolId: string;
  readonly nodeId: string;
  readonly runId: string;
  readonly attempt: number;
};

/** What is known of the task's execution; instants are ISO 8601 UTC, corrected to the controller's clock. */
export type TaskExecution = {
  readonly startTime?: string;
  readonly endTime?: string;
  readonly exitCode?: number;
  readonly failureInfo?: FailureInfo;
  readonly result?: 'success' | 'failure';
  readonly retryCount: number;
  readonly lastRetryTime?: string;
  readonly requeueCount: number;
  readonly lastRequeueTime?: string;
};

/** The part of a task that changes while it is run. */
export type TaskStatus = {
  readonly state: TaskState;
  readonly stateTransitionTime: string;
  readonly previousState?: TaskState;
  readonly previousStateTransitionTime?: string;
  readonly assignment?: TaskAssignment;
  /** How many runs of it were ordered before it was ended by its user while it waited. */
  readonly attempts?: number;
  readonly execution: TaskExecution;
};

export type Task = TaskStatus & {
  readonly jobId: string;
  readonly definition: TaskDefinition;
  /** Position among the job's tasks, in order of their adding: the order in which they are run. */
  readonly order: number;
  readonly creationTime: string;
  readonly lastModified: string;
};

/** A task that waits for a slot: what assigning it takes, so that a pass need not read task rows. */
export type ReadyTask = {
  readonly taskId: string;
  readonly order: number;
  readonly definition: TaskDefinition;
  /** How many runs of it were ordered so far. */
  readonly attempts: number;
  readonly activeSince: string;
  readonly requeueCount: number;
  readonly lastRequeueTime?: string;
};

/** The task as one that waits for a slot. What it depended on is satisfied, and no longer looked at. */
export function toReadyTask({ definition, order, stateTransitionTime, attempts = 0, execution }: Task): ReadyTask {
  const { requeueCount, lastRequeueTime } = execution;
  return {
    taskId: definition.id,
    order,
    definition: withoutDependencies(definition),
    attempts,
    activeSince: stateTransitionTime,
    requeueCount,
    ...(lastRequeueTime === undefined ? {} : { lastRequeueTime }),
  };
}

/** What of a definition it takes to run the task. */
export function withoutDependencies({ dependsOn: _, ...definition }: TaskDefinition): TaskDefinition {
  return definition;
}
