// Where a task stands among the tasks that it depends on. It waits for one of them at a time, the last in its list that has not satisfied it,
// and what is behind that has been satisfied for good. The last, because tasks tend to end in the order in which they are named: most of the
// others have ended by then, and the task moves seldom.
import type { TaskDependencies } from './dependencies.js';

/** One thing to wait for: a task by its id (lower-case), or any task whose id is this number. */
export type Awaited = { readonly taskId: string } | { readonly number: number };

/** How far a task has come: everything behind this dependency is satisfied; within a range, everything above the number. */
export type DependencyPosition = { readonly index: number; readonly number?: number };

export type Dependency =
  | { readonly kind: 'task'; readonly taskId: string }
  | { readonly kind: 'range'; readonly from: number; readonly to: number };

/** Where a task stands that nobody has looked at yet. Ids come before ranges. */
export function firstPosition({ taskIds, taskIdRanges }: TaskDependencies): DependencyPosition {
  return { index: taskIds.length + taskIdRanges.length - 1 };
}

/** The dependency at `position`, what is left of it if it is a range; nothing before the first. */
export function dependencyAt(
  { taskIds, taskIdRanges }: TaskDependencies,
  { index, number }: DependencyPosition,
): Dependency | undefined {
  const taskId = taskIds[index];
  if (taskId !== undefined) return { kind: 'task', taskId: taskId.toLowerCase() };
  const range = taskIdRanges[index - taskIds.length];
  return range === undefined ? undefined : { kind: 'range', from: range.start, to: number ?? range.end };
}

/** The largest number from `from` to `to` that is not among `satisfied`, which is sorted and may name a number twice; nothing if all are. */
export function lastGap(from: number, to: number, satisfied: Iterable<number>): number | undefined {
  let gap: number | undefined;
  let expected = from;
  for (const number of satisfied) {
    if (number > expected) gap = number - 1;
    expected = Math.max(expected, number + 1);
  }
  return expected <= to ? to : gap;
}
