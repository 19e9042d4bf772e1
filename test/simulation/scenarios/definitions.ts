// Definitions with the command lines that the virtual machines understand.
import type { JobDefinition } from '../../../shared/jobs/job.js';
import type { PoolDefinition } from '../../../shared/pools/pool.js';
import type { TaskDefinition } from '../../../shared/tasks/task.js';
import {
  jobDefinition,
  poolDefinition,
  preparationDefinition,
  releaseDefinition,
  taskDefinition,
} from '../../helpers/definitions.js';

export type JobShape = {
  readonly id?: string;
  readonly preparation?: string;
  readonly waitForSuccess?: boolean;
  readonly rerun?: boolean;
  readonly preparationRetries?: number;
  readonly release?: string;
  readonly priority?: number;
};

export const pool = (nodes: number, slots = 1, changes: Partial<PoolDefinition> = {}): PoolDefinition =>
  poolDefinition({ targetDedicatedNodes: nodes, taskSlotsPerNode: slots, ...changes });

export function job(shape: JobShape = {}): JobDefinition {
  return jobDefinition({
    id: shape.id ?? 'J',
    priority: shape.priority ?? 0,
    jobPreparationTask: preparationDefinition({
      commandLine: shape.preparation ?? 'sim 1500',
      waitForSuccess: shape.waitForSuccess ?? true,
      rerunOnNodeRebootAfterSuccess: shape.rerun ?? true,
      constraints: { retentionMs: 1000, maxTaskRetryCount: shape.preparationRetries ?? 0 },
    }),
    jobReleaseTask: releaseDefinition({ commandLine: shape.release ?? 'sim 1200', maxWallClockMs: 15 * 60_000 }),
  });
}

export const tasks = (
  count: number,
  commandLine: (number: number) => string = () => 'sim 3000',
  changes: Partial<TaskDefinition> = {},
): readonly TaskDefinition[] =>
  Array.from({ length: count }, (_, index) =>
    taskDefinition(`t${index + 1}`, { commandLine: commandLine(index + 1), ...changes }),
  );
