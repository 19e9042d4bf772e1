// Which tasks a task depends on: by id, and by ranges of ids that are whole numbers.
import { z } from 'zod';

export const taskDependenciesSchema = z.object({
  taskIds: z.array(z.string()),
  /** Both bounds belong to the range. */
  taskIdRanges: z.array(z.object({ start: z.int(), end: z.int() })),
});
export type TaskDependencies = z.infer<typeof taskDependenciesSchema>;

/** The largest bound of a range: Batch's are 32-bit integers. */
export const largestNumber = 2_147_483_647;

/** The number that a task id is for ranges: leading zeros do not matter. Nothing for ids that are no whole number, or too large for a range. */
export function numberOf(taskId: string): number | undefined {
  if (!/^\d+$/.test(taskId)) return undefined;
  const number = Number(taskId);
  return number <= largestNumber ? number : undefined;
}
