// Task dependencies in Batch's JSON, and their limits.
// https://learn.microsoft.com/rest/api/batchservice/task/add (TaskDependencies)
import type { Shown } from '../rest/answer-types.js';
import type { cloudTask } from './task-schema.js';
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { idText } from '../rest/body-types.js';
import { refuse } from '../rest/request-body.js';
import { largestNumber, type TaskDependencies } from './dependencies.js';
import { unlessEmpty } from './run-resource.js';

/** All ids of one task's list together, in characters. */
const longestList = 64_000;
/** Batch documents that there is a bound on ranges, and not which: ours keeps a task's row small. */
const mostRanges = 1000;

const rangeBody = z
  .strictObject({ start: z.int().min(0).max(largestNumber), end: z.int().min(0).max(largestNumber) })
  .superRefine(({ start, end }, context) => {
    if (start > end) refuse(context, 'InvalidPropertyValue', 'a range cannot end before it starts', ['end']);
  });

export const dependsOnBody = z
  .strictObject({ taskIds: z.array(idText).default([]), taskIdRanges: z.array(rangeBody).default([]) })
  .superRefine(({ taskIds, taskIdRanges }, context) => {
    const length = taskIds.reduce((sum, id) => sum + id.length, 0);
    if (length > longestList)
      refuse(context, 'TaskDependencyListTooLong', `the ids are ${length} characters long, of at most ${longestList}`, [
        'taskIds',
      ]);
    if (taskIdRanges.length > mostRanges)
      refuse(context, 'TaskDependencyRangesTooLong', `there are ${taskIdRanges.length} of at most ${mostRanges}`, [
        'taskIdRanges',
      ]);
  })
  .register(named, { id: 'TaskDependenciesParameter' });

/** What the task depends on, if on anything. */
export function fromDependsOn(body: z.output<typeof dependsOnBody> | undefined): TaskDependencies | undefined {
  return body === undefined || body.taskIds.length + body.taskIdRanges.length === 0 ? undefined : body;
}

export function toDependsOn({
  taskIds,
  taskIdRanges,
}: TaskDependencies): Shown<typeof cloudTask>['dependsOn'] & object {
  return { ...unlessEmpty('taskIds', taskIds), ...unlessEmpty('taskIdRanges', taskIdRanges) };
}
