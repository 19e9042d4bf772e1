// What scenarios say of their ends.
import type { TaskState } from '../../../shared/tasks/task.js';
import type { View } from '../core/view.js';

export const isGone = (view: View, jobId = 'J'): boolean => view.job(jobId).job === undefined;
export const isCompleted = (view: View, jobId = 'J'): boolean => view.job(jobId).job?.state === 'completed';
export const tasksAre = (view: View, states: readonly TaskState[], jobId = 'J'): boolean =>
  view.job(jobId).tasks.every(({ state }) => states.includes(state));
export const areDone = (view: View, count: number, jobId = 'J'): boolean =>
  view.job(jobId).tasks.length === count && tasksAre(view, ['completed'], jobId);
export const isSteady = (view: View, nodes: number, poolId = 'P'): boolean =>
  view.pool(poolId).nodes.filter(({ state }) => state === 'idle' || state === 'running').length === nodes;

/** Each task of the job with the end it must have: its exit code. */
export function wrongExits(view: View, expected: Readonly<Record<string, number>>, jobId = 'J'): readonly string[] {
  const { tasks } = view.job(jobId);
  return Object.entries(expected).flatMap(([taskId, exitCode]) => {
    const found = tasks.find(({ definition }) => definition.id === taskId);
    return found?.execution.exitCode === exitCode
      ? []
      : [`task ${taskId} ended with ${found?.execution.exitCode ?? found?.state ?? 'nothing'} instead of ${exitCode}`];
  });
}

export const exits = (count: number, exitCode: (number: number) => number = () => 0): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index + 1}`, exitCode(index + 1)]));
