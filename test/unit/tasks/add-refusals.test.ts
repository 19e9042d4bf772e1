// Which tasks a job does not take.
import { describe, expect, test } from 'vitest';
import { refusalOf } from '../../../shared/tasks/add-refusals.js';
import type { TaskDefinition } from '../../../shared/tasks/task.js';
import { taskDefinition } from '../../helpers/definitions.js';
import { addJob, createWorld, jobOf } from '../../helpers/world.js';

describe('a job', () => {
  test.each<
    [given: string, job: Parameters<typeof addJob>[1], task: Partial<TaskDefinition>, code: string | undefined]
  >([
    ['takes an ordinary task', {}, {}, undefined],
    ['refuses the id of its preparation', {}, { id: 'PREP' }, 'TaskIdSameAsJobPreparationTask'],
    ['refuses the id of its release', {}, { id: 'Release' }, 'TaskIdSameAsJobReleaseTask'],
    [
      'refuses dependencies unless it uses them',
      {},
      { dependsOn: { taskIds: ['a'], taskIdRanges: [] } },
      'TaskDependenciesNotSpecifiedOnJob',
    ],
    [
      'takes dependencies if it uses them',
      { usesTaskDependencies: true },
      { dependsOn: { taskIds: ['a'], taskIdRanges: [] } },
      undefined,
    ],
    [
      'refuses actions on itself unless it performs them',
      {},
      { exitConditions: { fileUploadError: { jobAction: 'none' } } },
      'InvalidPropertyValue',
    ],
    [
      'takes actions on itself if it performs them',
      { onTaskFailure: 'performexitoptionsjobaction' },
      { exitConditions: { exitCodes: [{ code: 1, exitOptions: { jobAction: 'disable' } }] } },
      undefined,
    ],
    [
      'takes actions on dependent tasks at any rate',
      {},
      { exitConditions: { default: { dependencyAction: 'satisfy' } } },
      undefined,
    ],
    ['refuses what is too long to be kept', {}, { commandLine: 'x'.repeat(400_000) }, 'RequestBodyTooLarge'],
  ])('%s', (_, changes, task, code) => {
    const world = createWorld();
    addJob(world, { ...changes, tasks: 0 });
    expect(refusalOf(jobOf(world).job, taskDefinition('t1', task))?.code).toBe(code);
  });
});
