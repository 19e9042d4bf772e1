// What is said of a job, in every situation in which users ask why it does not go on.
import { describe, expect, test } from 'vitest';
import { explain, explainJob } from '../../../shared/explanations/explain-job.js';
import type { Explanation, NodeCode, WaitCode } from '../../../shared/explanations/explanation.js';
import type { SeenForExplanation } from '../../../shared/explanations/see-job.js';
import { addJob as addJobTo } from '../../../shared/jobs/add-job.js';
import { enter } from '../../../shared/jobs/job-decisions.js';
import { addTasks as addTasksTo } from '../../../shared/tasks/add-tasks.js';
import { settleDependencies } from '../../../shared/tasks/settle-dependencies.js';
import { loadJob } from '../../../shared/jobs/read-jobs.js';
import { terminateTask } from '../../../shared/tasks/terminate-task.js';
import { jobDefinition, preparationDefinition, taskDefinition } from '../../helpers/definitions.js';
import { createServices } from '../../helpers/memory-services.js';
import { exited, reportOf, running, runOf, specialOf } from '../../helpers/reports.js';
import {
  addJob,
  addTasks,
  createWorld,
  jobOf,
  nodeOf,
  pass,
  passTime,
  startPoolDeletion,
  terminate,
  type World,
} from '../../helpers/world.js';

const unprepared = { jobPreparationTask: undefined, jobReleaseTask: undefined };

function explained(world: World, jobId = 'J'): Explanation {
  const { job, jobNodes, ready, tasks } = jobOf(world, jobId);
  const seen: SeenForExplanation = {
    job,
    jobNodes: [...jobNodes.values()],
    ...(world.pool === undefined ? {} : { pool: world.pool }),
    nodes: [...world.nodes.values()],
    ready: [...ready.values()],
    isMoreReady: false,
    dependents: [],
    isMoreDependent: false,
    hasLooks: false,
    onNodes: [...tasks.values()],
  };
  return explain(seen, world.now);
}

const waits = ({ waitsFor }: Explanation): readonly WaitCode[] => waitsFor.map(({ code }) => code);
const nodes = (explanation: Explanation): Record<string, NodeCode> =>
  Object.fromEntries(explanation.nodes.map(({ nodeId, code }) => [nodeId, code]));

describe('an active job', () => {
  test.each<[given: string, change: (world: World) => void, code: WaitCode, text: string]>([
    ['without its pool', (world) => void (world.pool = undefined), 'poolMissing', 'does not exist'],
    ['whose pool is being deleted', startPoolDeletion, 'poolBeingDeleted', 'being deleted'],
    ['whose pool has no nodes', (world) => world.nodes.clear(), 'poolEmpty', 'has none'],
    [
      'whose nodes are not ready',
      (world) => {
        for (const node of world.nodes.values())
          world.nodes.set(node.id, { ...node, state: node.id === 'n1' ? 'creating' : 'unknown' });
      },
      'noNodeReady',
      'creating (1), unknown (1)',
    ],
    ['that is about to get a slot', () => undefined, 'assignment', 'a node has room'],
    [
      'that is disabled',
      (world) => void (jobOf(world).job = enter(jobOf(world).job, 'disabled', world.now)),
      'jobDisabled',
      'until it is enabled',
    ],
  ])('%s says so', (_, change, code, text) => {
    const world = createWorld();
    addJob(world, { tasks: 2, ...unprepared });
    change(world);
    const explanation = explained(world);
    expect(waits(explanation)[0]).toBe(code);
    expect(explanation.summary).toContain(text);
  });

  test('without open tasks says that it waits for its user', () => {
    const world = createWorld();
    addJob(world, { tasks: 0 });
    expect(waits(explained(world))).toEqual(['noTasks']);
  });

  test('names the jobs that have the slots', () => {
    const world = createWorld({ taskSlotsPerNode: 2 });
    addJob(world, { id: 'greedy', tasks: 4, ...unprepared });
    pass(world, { everyJob: true });
    addJob(world, { tasks: 1, ...unprepared });
    const explanation = explained(world);
    expect(explanation.waitsFor).toMatchObject([{ code: 'slotsBusy', taskCount: 1, slotsByJob: { greedy: 4 } }]);
    expect(explanation.summary).toContain("every slot is taken (4 by job 'greedy')");
    expect(nodes(explanation)).toEqual({ n1: 'full', n2: 'full' });
  });

  test('tells tasks apart that want more slots than any node has', () => {
    const world = createWorld({ taskSlotsPerNode: 2 });
    addJob(world, { tasks: 0, ...unprepared });
    addTasks(world, 'J', [taskDefinition('large', { requiredSlots: 3 }), taskDefinition('small')]);
    const explanation = explained(world);
    expect(explanation.waitsFor).toMatchObject([
      { code: 'slotsTooFew', taskIds: ['large'] },
      { code: 'assignment', taskIds: ['small'] },
    ]);
  });

  test('tells of its own bound on tasks', () => {
    const world = createWorld();
    addJob(world, { tasks: 2, maxParallelTasks: 1, ...unprepared });
    pass(world);
    expect(waits(explained(world))).toEqual(['maxParallelTasks', 'running']);
  });

  test('tells of preparations that run, with their tries and their limit', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    const constraints = { maxWallClockMs: 60_000, retentionMs: 0, maxTaskRetryCount: 2 };
    addJob(world, { tasks: 2, jobPreparationTask: preparationDefinition({ constraints }) });
    pass(world);
    const [told] = explained(world).nodes;
    expect(told?.text).toContain('was told at');
    pass(world, {
      reports: [reportOf(world, 'n1', [specialOf(world, 'n1', 'preparation', { ...running, retryCount: 1 })])],
    });
    const explanation = explained(world);
    expect(waits(explanation)).toEqual(['slotsBusy', 'preparing']);
    expect(explanation.nodes[0]?.text).toContain('try 2 of 3');
    expect(explanation.next.map(({ code }) => code)).toContain('preparationTimeLimit');
  });

  test('tells of nodes that are barred, and why', () => {
    const world = createWorld();
    addJob(world, { tasks: 3 });
    pass(world);
    for (const nodeId of ['n1', 'n2'])
      pass(world, { reports: [reportOf(world, nodeId, [specialOf(world, nodeId, 'preparation', exited(7))])] });
    const explanation = explained(world);
    expect(waits(explanation)).toEqual(['nodesBarred']);
    expect(nodes(explanation)).toEqual({ n1: 'barred', n2: 'barred' });
    expect(explanation.nodes[0]?.text).toContain('exit code 7');
  });

  test('tells when an order is repeated, and when a silent node is given up', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world, { tasks: 1, ...unprepared });
    passTime(world, 5);
    pass(world);
    const { next } = explained(world);
    const codes = next.map(({ code }) => code);
    expect(codes.slice(0, 2)).toEqual(['orderRepeated', 'poolLookedAt']);
    expect(codes).toContain('nodeGivenUp');
    expect(next[0]?.at).toBe('2026-01-01T00:01:05.000Z');
  });

  test('tells of time limits, its own and those of tasks', () => {
    const world = createWorld({ targetDedicatedNodes: 1 });
    addJob(world, { tasks: 0, ...unprepared, constraints: { maxWallClockMs: 3_600_000, maxTaskRetryCount: 0 } });
    const constraints = { maxWallClockMs: 30_000, retentionMs: 0, maxTaskRetryCount: 0 };
    addTasks(world, 'J', [taskDefinition('t1', { constraints })]);
    pass(world);
    pass(world, { reports: [reportOf(world, 'n1', [runOf(world, 'n1', 't1', running)])] });
    const { next } = explained(world);
    expect(next.map(({ code }) => code)).toEqual(expect.arrayContaining(['taskTimeLimit', 'jobTimeLimit']));
    expect(next.find(({ code }) => code === 'jobTimeLimit')?.at).toBe('2026-01-01T01:00:00.000Z');
  });

  test('tells of a node that was given up', () => {
    const world = createWorld();
    addJob(world, { tasks: 1, ...unprepared });
    world.nodes.set('n1', { ...nodeOf(world, 'n1'), state: 'unknown' });
    expect(nodes(explained(world))).toEqual({ n1: 'lost', n2: 'free' });
  });
});

describe('a job that ends', () => {
  function ending(): World {
    const world = createWorld();
    addJob(world, { tasks: 2 });
    pass(world);
    for (const nodeId of ['n1', 'n2']) {
      pass(world, { reports: [reportOf(world, nodeId, [specialOf(world, nodeId, 'preparation', exited(0))])] });
      pass(world, {
        reports: [reportOf(world, nodeId, [runOf(world, nodeId, nodeId === 'n1' ? 't1' : 't2', running)])],
      });
    }
    terminate(world);
    return world;
  }

  test('tells first of what is being killed, then of releases, then that it is over', () => {
    const world = ending();
    expect(waits(explained(world))).toEqual(['endingTasks']);
    pass(world, { jobIds: ['j'] });
    for (const nodeId of ['n1', 'n2'])
      pass(world, {
        reports: [reportOf(world, nodeId, [runOf(world, nodeId, nodeId === 'n1' ? 't1' : 't2', exited(1))])],
      });
    pass(world, { reports: [reportOf(world, 'n1', [specialOf(world, 'n1', 'release', running)])] });
    const explanation = explained(world);
    expect(explanation.waitsFor).toMatchObject([
      { code: 'releasing', text: expect.stringContaining('2 nodes') as string },
    ]);
    expect(explanation.next.map(({ code }) => code)).toContain('releaseTimeLimit');
    for (const nodeId of ['n1', 'n2'])
      pass(world, { reports: [reportOf(world, nodeId, [specialOf(world, nodeId, 'release', exited(0))])] });
    expect(waits(explained(world))).toEqual(['jobCompleted']);
    expect(nodes(explained(world))).toEqual({ n1: 'released', n2: 'released' });
  });

  test('tells of a release that will never run, and why', () => {
    const world = ending();
    pass(world, { jobIds: ['j'] });
    world.nodes.delete('n1');
    world.pool = { ...world.pool!, definition: { ...world.pool!.definition, targetDedicatedNodes: 1 } };
    pass(world, { everyJob: true });
    const gone = explained(world).nodes.find(({ nodeId }) => nodeId === 'n1');
    expect(gone).toMatchObject({ state: 'gone', code: 'waived' });
    expect(gone?.text).toContain('left the pool');
  });
});

describe('tasks that wait for others', () => {
  const after = (id: string, ...taskIds: string[]) => taskDefinition(id, { dependsOn: { taskIds, taskIdRanges: [] } });

  test('are told by what became of these', async () => {
    const services = createServices();
    await addJobTo(services, jobDefinition({ usesTaskDependencies: true }));
    const others = ['open', 'failed'].map((id) => taskDefinition(id));
    const dependent = [after('a', 'open'), after('b', 'failed'), after('c', 'missing'), after('d', 'D')];
    await addTasksTo(services, 'J', [...others, ...dependent]);
    expect(waits(await explainJob(services, 'J'))).toContain('dependencyLook');
    await settleDependencies(services, await loadJob(services, 'J'));
    await terminateTask(services, 'J', 'failed', { conditions: {} });
    const explanation = await explainJob(services, 'J');
    expect(Object.fromEntries(explanation.waitsFor.map(({ code, taskIds }) => [code, taskIds]))).toEqual({
      poolMissing: ['open'],
      dependencyOpen: ['a'],
      dependencyBlocked: ['b'],
      dependencyMissing: ['c'],
      dependencyItself: ['d'],
    });
    expect(explanation.summary).toContain("1 task waits for tasks that do not exist: 'missing'.");
  });

  test('are counted and named within bounds, however many there are', async () => {
    const services = createServices();
    await addJobTo(services, jobDefinition({ usesTaskDependencies: true }));
    const many = Array.from({ length: 300 }, (_, index) => after(`t${index}`, 'missing'));
    await addTasksTo(services, 'J', many);
    const job = await loadJob(services, 'J');
    while ((await settleDependencies(services, job)).more);
    const [wait] = (await explainJob(services, 'J')).waitsFor;
    expect(wait).toMatchObject({ code: 'dependencyMissing', taskCount: 100, isAtLeast: true });
    expect(wait?.taskIds).toHaveLength(10);
  });
});
