// The job manager task: the first task of its job, added with it. Knows what sets it apart from other tasks.
// https://learn.microsoft.com/rest/api/batchservice/job/add#jobmanagertask
import { z } from 'zod';
import { taskDefinitionSchema } from '../tasks/task.js';

export const jobManagerSchema = z.object({
  /** `runExclusive` is kept there, where assigning it looks. */
  task: taskDefinitionSchema,
  killJobOnCompletion: z.boolean(),
  /** Kept to be echoed: there are no low-priority nodes. */
  allowLowPriorityNode: z.boolean(),
});
export type JobManager = z.infer<typeof jobManagerSchema>;

/** Position of the job manager among the tasks of its job. */
export const jobManagerOrder = 1;
