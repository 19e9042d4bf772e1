// Adding tasks to a job in memory: what a refusal leaves behind, which is nothing.
import { expect, test } from 'vitest';
import { addJob } from '../../../shared/jobs/add-job.js';
import { addTask, addTasks } from '../../../shared/tasks/add-tasks.js';
import { jobDefinition, taskDefinition } from '../../helpers/definitions.js';
import { createServices } from '../../helpers/memory-services.js';

const refused = { ...taskDefinition('refused'), dependsOn: { taskIds: ['t'], taskIdRanges: [] } };

test('a task that is refused changes nothing and wakes nobody', async () => {
  const services = createServices();
  await addJob(services, jobDefinition());
  const rows = () => services.rows.partitions().map((partition) => services.rows.query(partition, {}, 100).entities);
  const before = structuredClone(rows());
  const sent = services.bus.sent.length;
  await expect(addTask(services, 'J', refused)).rejects.toMatchObject({ code: 'TaskDependenciesNotSpecifiedOnJob' });
  expect(rows()).toEqual(before);
  expect(services.bus.sent).toHaveLength(sent);
});

test('a task that is refused does not keep the others of its collection out', async () => {
  const services = createServices();
  await addJob(services, jobDefinition());
  const outcomes = await addTasks(services, 'J', [refused, taskDefinition('good')]);
  expect(outcomes.map(({ taskId, error }) => [taskId, error?.code])).toEqual([
    ['refused', 'TaskDependenciesNotSpecifiedOnJob'],
    ['good', undefined],
  ]);
  expect(services.bus.sent).toHaveLength(1);
});
