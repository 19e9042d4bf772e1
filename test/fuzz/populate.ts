// A state in which every operation finds something to act on: pools, nodes, jobs and tasks in all their states, made by requests, passes
// and nodes as they always are.
import { deadLetterPartition } from '../../shared/events/dead-letters.js';
import { beginLife, goOn, type Life } from '../integration/controller/life.js';
import type { KnownIds } from './arbitrary-path.js';
import type { FuzzRequest } from './fuzz-request.js';
import type { MemoryApp } from './memory-app.js';

const version = 'api-version=2022-10-01.16.0';

export const signed = (method: string, path: string, json?: object): FuzzRequest => ({
  method,
  target: `${path}${path.includes('?') ? '&' : '?'}${version}`,
  headers: json === undefined ? {} : { 'content-type': 'application/json' },
  ...(json !== undefined && { body: JSON.stringify(json) }),
  authentication: 'signed',
});

/** Fills the app's stores, and tells the ids that are there by the names of route parameters. */
export async function populate(app: MemoryApp): Promise<{ readonly ids: KnownIds; readonly life: Life }> {
  const services = app.services();
  const life: Life = beginLife(services, { bus: services.bus, table: services.table });
  for (const held of ['t3', 'held']) life.held.add(held);
  life.exitCodes.set('t2', 7);
  const ask = async (method: string, path: string, json?: object): Promise<void> => {
    const { status, body } = await app.send(signed(method, path, json));
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${Buffer.from(body).toString()}`);
  };
  const commandLine = 'true';
  const tasks = (...ids: string[]): object => ({ value: ids.map((id) => ({ id, commandLine })) });
  const job = (id: string, more: object = {}): Promise<void> =>
    ask('POST', '/jobs', { id, poolInfo: { poolId: 'Pool-1' }, ...more });
  const special = { jobPreparationTask: { commandLine }, jobReleaseTask: { commandLine } };

  await ask('POST', '/pools', { id: 'Pool-1', vmSize: 's', targetDedicatedNodes: 3, taskSlotsPerNode: 2 });
  await ask('POST', '/pools', { id: 'Pool-2', vmSize: 's', targetDedicatedNodes: 0 });
  await job('Job-1', { ...special, maxParallelTasks: 3 });
  await ask('POST', '/jobs/Job-1/addtaskcollection', tasks('t1', 't2', 't3', 't4', 't5', 't6'));
  await goOn(life);
  await job('Job-2', { ...special, usesTaskDependencies: true });
  await ask('POST', '/jobs/Job-2/tasks', { id: 't1', commandLine, dependsOn: { taskIds: ['t2'] } });
  await ask('POST', '/jobs/Job-2/tasks', { id: 'held', commandLine });
  await job('Job-done', special);
  await ask('POST', '/jobs/Job-done/addtaskcollection', tasks('t1', 't2'));
  await goOn(life);
  await ask('POST', '/jobs/Job-2/disable', { disableTasks: 'wait' });
  await ask('POST', '/jobs/Job-done/terminate');
  await goOn(life);
  await job('Job-disabled');
  await ask('POST', '/jobs/Job-disabled/disable', { disableTasks: 'requeue' });
  await job('Job-waiting', { poolInfo: { poolId: 'Pool-2' } });
  await ask('POST', '/jobs/Job-waiting/addtaskcollection', tasks('t1', 't4'));
  await goOn(life);
  // From here on nobody acts: what is on its way stays there.
  await ask('POST', '/pools', { id: 'Pool-leaving', vmSize: 's', targetDedicatedNodes: 1 });
  await ask('DELETE', '/pools/Pool-leaving');
  for (const id of ['Job-ending', 'Job-leaving']) {
    await job(id, special);
    await ask('POST', `/jobs/${id}/addtaskcollection`, tasks('t1', 't3'));
  }
  await ask('POST', '/jobs/Job-ending/terminate', { terminateReason: 'test' });
  await ask('DELETE', '/jobs/Job-leaving');
  const scheduleIds = await addSchedules(app);

  const ids: KnownIds = {
    poolId: ['Pool-1', 'Pool-1', 'Pool-1', 'Pool-2', 'Pool-leaving'],
    nodeId: [...life.nodes.keys()],
    jobId: ['Job-1', 'Job-1', 'Job-2', 'Job-done', 'Job-disabled', 'Job-waiting', 'Job-ending', 'Job-leaving'],
    taskId: ['t1', 't2', 't3', 't4', 't5', 'held'],
    filePath: ['stdout.txt', 'wd/a b%.txt', 'wd\\a.txt', 'shared/huge.txt', 'shared', 'startup'],
    rest: ['a.txt', 'b/c.txt'],
    ...Object.fromEntries(['jobScheduleId', 'scheduleId'].map((name) => [name, scheduleIds])),
    applicationId: ['app'],
  };
  return { ids, life };
}

// An app without job schedules refuses them all; then they are fuzzed by their absence.
async function addSchedules(app: MemoryApp): Promise<readonly string[]> {
  const jobSpecification = { poolInfo: { poolId: 'Pool-1' } };
  for (const [id, schedule] of [
    ['Schedule-1', { recurrenceInterval: 'PT1H' }],
    ['Schedule-2', { doNotRunUntil: '2027-01-01T00:00:00Z' }],
  ] as const)
    await app.send(signed('POST', '/jobschedules', { id, schedule, jobSpecification }));
  await app.send(signed('POST', '/jobschedules/Schedule-2/disable'));
  return ['Schedule-1', 'Schedule-2'];
}

/** The nodes and whoever plays the triggers, as they stood in `life`, on the state that the app has now. */
export function resume(app: MemoryApp, life: Life): Life {
  const services = app.services();
  const nodes = [...life.nodes].map(([id, node]) => {
    const { now, ...facts } = node;
    return [id, { ...structuredClone(facts), now }] as const;
  });
  return {
    ...life,
    ...{ services, bus: services.bus, truth: services.table, nodes: new Map(nodes) },
    ...{ formerNodes: [], pending: [], outages: [], heard: 0, scheduled: [...life.scheduled] },
  };
}

/** What the controller could not handle. */
export const deadLettersOf = (app: MemoryApp): readonly unknown[] =>
  app
    .services()
    .rows.query(deadLetterPartition, {}, 100)
    .entities.map(({ values }) => values);
