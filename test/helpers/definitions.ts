// Definitions of pools, jobs and tasks with plain values, for tests that care about one or two of their properties.
import type { JobDefinition, PreparationDefinition, ReleaseDefinition } from '../../shared/jobs/job.js';
import type { JobScheduleDefinition } from '../../shared/job-schedules/job-schedule.js';
import type { PoolDefinition } from '../../shared/pools/pool.js';
import type { TaskDefinition } from '../../shared/tasks/task.js';

const userIdentity = { autoUser: { scope: 'pool', elevationLevel: 'nonadmin' } } as const;
const constraints = { retentionMs: 1000, maxTaskRetryCount: 0 };

export function poolDefinition(changes: Partial<PoolDefinition> = {}): PoolDefinition {
  return {
    id: 'P',
    vmSize: 'small',
    resizeTimeoutMs: 15 * 60_000,
    targetDedicatedNodes: 2,
    targetLowPriorityNodes: 0,
    taskSlotsPerNode: 1,
    nodeFillType: 'spread',
    metadata: [],
    ...changes,
  };
}

export function preparationDefinition(changes: Partial<PreparationDefinition> = {}): PreparationDefinition {
  return {
    id: 'prep',
    commandLine: 'prepare',
    environmentSettings: [],
    constraints,
    waitForSuccess: true,
    rerunOnNodeRebootAfterSuccess: true,
    userIdentity,
    ...changes,
  };
}

export function releaseDefinition(changes: Partial<ReleaseDefinition> = {}): ReleaseDefinition {
  return {
    id: 'release',
    commandLine: 'release',
    environmentSettings: [],
    maxWallClockMs: 1000,
    retentionMs: 1000,
    userIdentity,
    ...changes,
  };
}

/** A job in pool `P`, with preparation and release unless `changes` say `undefined` for them. */
export function jobDefinition(
  changes: Omit<Partial<JobDefinition>, 'jobPreparationTask' | 'jobReleaseTask'> & {
    readonly jobPreparationTask?: PreparationDefinition | undefined;
    readonly jobReleaseTask?: ReleaseDefinition | undefined;
  } = {},
): JobDefinition {
  const {
    jobPreparationTask = 'jobPreparationTask' in changes ? undefined : preparationDefinition(),
    jobReleaseTask = 'jobReleaseTask' in changes ? undefined : releaseDefinition(),
    ...rest
  } = changes;
  return {
    id: 'J',
    priority: 0,
    maxParallelTasks: -1,
    constraints: { maxTaskRetryCount: 0 },
    commonEnvironmentSettings: [],
    poolId: 'P',
    onAllTasksComplete: 'noaction',
    onTaskFailure: 'noaction',
    metadata: [],
    ...rest,
    ...(jobPreparationTask === undefined ? {} : { jobPreparationTask }),
    ...(jobReleaseTask === undefined ? {} : { jobReleaseTask }),
  };
}

export function taskDefinition(id: string, changes: Partial<TaskDefinition> = {}): TaskDefinition {
  return {
    id,
    commandLine: `run ${id}`,
    environmentSettings: [],
    constraints,
    requiredSlots: 1,
    userIdentity,
    ...changes,
  };
}

/** A schedule `S` of such jobs, of which one is due at once and none follows unless `changes` say so. */
export function jobScheduleDefinition(changes: Partial<JobScheduleDefinition> = {}): JobScheduleDefinition {
  const { id: _, ...jobSpecification } = jobDefinition();
  return { id: 'S', schedule: {}, jobSpecification, metadata: [], ...changes };
}
