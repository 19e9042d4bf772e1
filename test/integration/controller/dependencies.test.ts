// Tasks that depend on others, from their adding to their end: nodes that act by the agent's decisions, the real passes, a table that
// counts, fails and is raced.
import { describe, expect, test } from 'vitest';
import { addJob } from '../../../shared/jobs/add-job.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import type { Services } from '../../../shared/services.js';
import { TableUnavailable, type Table } from '../../../shared/tables/table.js';
import { addTasks } from '../../../shared/tasks/add-tasks.js';
import { deleteTask } from '../../../shared/tasks/delete-task.js';
import { listTasks } from '../../../shared/tasks/read-tasks.js';
import type { TaskDefinition } from '../../../shared/tasks/task.js';
import { jobDefinition, poolDefinition, taskDefinition } from '../../helpers/definitions.js';
import { createServices } from '../../helpers/memory-services.js';
import { ask, beginLife, factsOf, goOn, goOnUntil, unconditional, type Life } from './life.js';

type Counted = { readonly life: Life; calls: number; before: () => Promise<void> };

function begin(): Counted {
  const memory = createServices();
  const counted = { calls: 0, before: () => Promise.resolve() };
  const step = async (): Promise<void> => {
    counted.calls += 1;
    await counted.before();
  };
  const table: Table = {
    get: async (...given) => step().then(() => memory.table.get(...given)),
    query: async (...given) => step().then(() => memory.table.query(...given)),
    queryAcross: async (...given) => step().then(() => memory.table.queryAcross(...given)),
    write: async (...given) => step().then(() => memory.table.write(...given)),
  };
  const services: Services = { ...memory, table };
  return Object.assign(counted, { life: beginLife(services, memory) });
}

async function withJob(slots = 4, changes: Parameters<typeof jobDefinition>[0] = {}): Promise<Counted> {
  const counted = begin();
  const { life } = counted;
  await addPool(life.services, poolDefinition({ targetDedicatedNodes: 1, taskSlotsPerNode: slots }));
  const unprepared = { jobPreparationTask: undefined, jobReleaseTask: undefined };
  await addJob(life.services, jobDefinition({ usesTaskDependencies: true, ...unprepared, ...changes }));
  await goOn(life);
  return counted;
}

const after = (id: string, taskIds: readonly string[], ranges: readonly (readonly [number, number])[] = []) =>
  taskDefinition(id, {
    dependsOn: { taskIds: [...taskIds], taskIdRanges: ranges.map(([start, end]) => ({ start, end })) },
  });

const add = (life: Life, ...definitions: readonly TaskDefinition[]) => addTasks(life.services, 'J', definitions);

const begun = (life: Life): readonly string[] =>
  factsOf(life).flatMap(({ happened, run }) => (happened === 'began' ? [run.taskId] : []));

async function states(life: Life): Promise<Record<string, string>> {
  const { items } = await listTasks({ table: life.truth }, 'J', { limit: 1000 });
  return Object.fromEntries(items.map(({ definition, state }) => [definition.id, state]));
}

describe('a task that depends on others', () => {
  test('runs after all of them, by id in any letter case and by ranges of numbers', async () => {
    const { life } = await withJob(8);
    await add(life, after('last', ['A', 'b'], [[1, 2]]), ...['b', '2', 'a', '1'].map((id) => taskDefinition(id)));
    await goOn(life);
    expect(begun(life).at(-1)).toBe('last');
    expect(begun(life)).toHaveLength(5);
  });

  test('runs at once when they have succeeded before it was added', async () => {
    const { life } = await withJob();
    await add(life, taskDefinition('a'));
    await goOn(life);
    await add(life, after('b', ['a']));
    await goOn(life);
    expect(begun(life)).toEqual(['a', 'b']);
  });

  test('waits for tasks that do not exist yet', async () => {
    const { life } = await withJob();
    await add(life, after('b', ['a']));
    await goOn(life);
    expect(await states(life)).toEqual({ b: 'active' });
    await add(life, taskDefinition('a'));
    await goOn(life);
    expect(begun(life)).toEqual(['a', 'b']);
  });

  test('waits for good behind a task that failed, and its own dependents with it', async () => {
    const { life } = await withJob();
    life.exitCodes.set('a', 3);
    await add(life, taskDefinition('a'), after('b', ['a']), after('c', ['b']), taskDefinition('d'));
    await goOn(life);
    expect(await states(life)).toEqual({ a: 'completed', b: 'active', c: 'active', d: 'completed' });
  });

  test('runs after a task that failed in a way that satisfies it', async () => {
    const { life } = await withJob();
    life.exitCodes.set('a', 3);
    const exitConditions = { exitCodes: [{ code: 3, exitOptions: { dependencyAction: 'satisfy' as const } }] };
    await add(life, taskDefinition('a', { exitConditions }), after('b', ['a']));
    await goOn(life);
    expect(begun(life)).toEqual(['a', 'b']);
  });

  test('waits behind a success that its conditions call a block', async () => {
    const { life } = await withJob();
    const exitConditions = { exitCodes: [{ code: 0, exitOptions: { dependencyAction: 'block' as const } }] };
    await add(life, taskDefinition('a', { exitConditions }), after('b', ['a']));
    await goOn(life);
    expect(await states(life)).toEqual({ a: 'completed', b: 'active' });
  });

  test('waits for good when it depends on itself or in a circle, and holds up nobody', async () => {
    const { life } = await withJob(1);
    await add(life, after('self', ['self']), after('x', ['y']), after('y', ['x']), taskDefinition('z'));
    await goOn(life);
    expect(await states(life)).toEqual({ self: 'active', x: 'active', y: 'active', z: 'completed' });
  });

  test('counts a number by its value, and the first task of that value is enough', async () => {
    const { life } = await withJob();
    life.exitCodes.set('004', 1);
    await add(life, after('z', [], [[4, 4]]), taskDefinition('004'), taskDefinition('04'), taskDefinition('4x'));
    await goOn(life);
    expect(begun(life).at(-1)).toBe('z');
  });

  test('stays satisfied when the others are deleted', async () => {
    const { life } = await withJob();
    await add(life, taskDefinition('a'), after('c', ['a', 'b']));
    await goOn(life);
    await deleteTask(life.services, 'J', 'a', { conditions: unconditional });
    await add(life, taskDefinition('b'));
    await goOn(life);
    expect(begun(life)).toEqual(['a', 'b', 'c']);
  });

  test('waits for the new task that was given the id of a deleted one', async () => {
    const { life } = await withJob();
    await add(life, taskDefinition('a'));
    await goOn(life);
    await deleteTask(life.services, 'J', 'a', { conditions: unconditional });
    life.exitCodes.set('a', 1);
    await add(life, taskDefinition('a'));
    await add(life, after('b', ['a']));
    await goOn(life);
    expect(await states(life)).toEqual({ a: 'completed', b: 'active' });
  });

  test('can be deleted while it waits, and its id be given again', async () => {
    const { life } = await withJob();
    await add(life, after('b', ['a']));
    await goOn(life);
    await deleteTask(life.services, 'J', 'b', { conditions: unconditional });
    await add(life, after('b', ['a']), taskDefinition('a'));
    await goOn(life);
    expect(begun(life)).toEqual(['a', 'b']);
  });

  test('runs after a range of two thousand million numbers only when all of them are satisfied', async () => {
    const { life } = await withJob();
    await add(life, after('z', [], [[0, 2_147_483_647]]), ...['0', '1', '2'].map((id) => taskDefinition(id)));
    await goOn(life);
    expect((await states(life))['z']).toBe('active');
  });
});

describe('dependencies cost', () => {
  test.each([
    ['a chain', (n: number) => [taskDefinition('0'), ...count(n, (i) => after(String(i), [String(i - 1)]))]],
    ['a fan out', (n: number) => [taskDefinition('0'), ...count(n, (i) => after(String(i), ['0']))]],
    ['a fan in', (n: number) => [...count(n, (i) => taskDefinition(String(i))), after('last', [], [[1, n]])]],
    ['a layer over a range', (n: number) => layers(n)],
  ])('as much more as there are more of them, in %s', async (_, make) => {
    const costs: number[] = [];
    for (const size of [30, 120]) {
      const counted = await withJob(50);
      counted.calls = 0;
      await add(counted.life, ...make(size));
      await goOnUntil(counted.life, 'all', async () => Object.values(await states(counted.life)).every(isDone));
      costs.push(counted.calls);
    }
    const [few = 0, many = 0] = costs;
    expect(many / few).toBeLessThan(6);
  });
});

const count = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, index) => make(index + 1));
const isDone = (state: string): boolean => state === 'completed';
const layers = (n: number): TaskDefinition[] => [
  ...count(n / 2, (i) => taskDefinition(String(i))),
  ...count(n / 2, (i) => after(`after${i}`, [], [[1, n / 2]])),
];

describe('whatever happens between two calls', () => {
  const diamond = [after('d', ['b', 'c']), after('b', ['a']), after('c', ['a']), taskDefinition('a')];

  async function play(counted: Counted): Promise<void> {
    const { life } = counted;
    for (const definition of diamond) await ask(life, () => add(life, definition));
    await goOnUntil(life, 'all', async () => {
      const found = await states(life);
      return Object.keys(found).length === 4 && Object.values(found).every(isDone);
    });
  }

  test('a pass or a request that dies there neither loses a task nor runs one twice', async () => {
    const whole = await withJob(2);
    whole.calls = 0;
    await play(whole);
    const { calls } = whole;
    for (let at = 1; at <= calls; at += 1) {
      const counted = await withJob(2);
      counted.calls = 0;
      counted.before = () => (counted.calls === at ? Promise.reject(new TableUnavailable('down')) : Promise.resolve());
      await play(counted);
      expect([...begun(counted.life)].sort(), `call ${at}`).toEqual(['a', 'b', 'c', 'd']);
      expect(begun(counted.life)[0], `call ${at}`).toBe('a');
      expect(begun(counted.life).at(-1), `call ${at}`).toBe('d');
    }
  });

  test('a task that is added there waits for what it depends on', async () => {
    const whole = await withJob(2);
    await add(whole.life, taskDefinition('a'));
    whole.calls = 0;
    await goOn(whole.life);
    const { calls } = whole;
    for (let at = 1; at <= calls; at += 1) {
      const counted = await withJob(2);
      const { life } = counted;
      await add(life, taskDefinition('a'));
      counted.calls = 0;
      counted.before = async () => {
        if (counted.calls !== at) return;
        counted.before = () => Promise.resolve();
        await add(life, after('b', ['a']));
      };
      await goOnUntil(life, 'both', async () => {
        const found = await states(life);
        return found['b'] === 'completed';
      });
      expect(begun(life), `call ${at}`).toEqual(['a', 'b']);
    }
  });
});
