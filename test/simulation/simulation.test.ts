// The simulator's own promises, and the seeds that found bugs: each is played again. `npm run test:simulation` plays the whole suite.
import { describe, expect, test } from 'vitest';
import { renderTimeline } from './core/history.js';
import { checkBudgets } from './runs/budgets.js';
import { countCrashPoints, runCrashPoint } from './runs/crash-points.js';
import { runSeed } from './runs/run-seed.js';
import { allScenarios, scenarioNamed } from './scenarios/all.js';
import { createQuietFaults } from './faults/quiet.js';
import { createRandom } from './core/random.js';
import { runScenario } from './runs/run-scenario.js';

test.each([3, 26, 1308])('seed %i gives the same history, byte for byte', async (seed) => {
  const play = async (): Promise<string> => renderTimeline((await runSeed({ seed, keepHistory: true })).lines);
  const first = await play();
  expect(first.length).toBeGreaterThan(10_000);
  expect(await play()).toBe(first);
});

test('different seeds give different histories', async () => {
  const [first, second] = [
    await runSeed({ seed: 5, scenarioName: 'sample', keepHistory: true }),
    await runSeed({ seed: 6, scenarioName: 'sample', keepHistory: true }),
  ];
  expect(renderTimeline(first.lines)).not.toBe(renderTimeline(second.lines));
});

describe('without a fault', () => {
  test.each(allScenarios.map((scenario) => [scenario.name, scenario] as const))(
    '%s keeps every promise',
    async (_, scenario) => {
      const { violations } = await runScenario({
        scenario,
        seed: 11,
        faults: createQuietFaults(createRandom(11, 'faults')),
      });
      expect(violations).toEqual([]);
    },
  );
});

test('an idle hour and doubled messages stay within their budgets', async () => {
  expect(await checkBudgets()).toEqual([]);
});

test('a crash at any of a scenario’s calls is a crash point', async () => {
  const scenario = scenarioNamed('terminate-while-preparing');
  const points = await countCrashPoints(scenario);
  expect(points).toBeGreaterThan(100);
  const { counts, violations } = await runCrashPoint(scenario, { number: 100, when: 'after' });
  expect([...counts.faults]).toEqual([['crash after', 1]]);
  expect(violations).toEqual([]);
});

test('a crash between the rows of a leaving pool’s nodes and the word to their provisioner leaves no machine behind', async () => {
  const scenario = scenarioNamed('sample');
  const points = await countCrashPoints(scenario);
  expect(points).toBeGreaterThan(300);
  for (let number = Number(points); number > Number(points) - 30; number -= 1)
    expect((await runCrashPoint(scenario, { number, when: 'after' })).violations).toEqual([]);
});

describe('what seeds have found stays mended', () => {
  test.each([
    [15, 'idle-reimage', 'the word to a node that lost its journal could not be read by it'],
    [46, 'sample', 'a new image while the job was active dropped what the node owed without a word'],
    [36, 'wall-clock', 'a node that lost its journal came back under an epoch that was known'],
    [1308, 'delete-while-releasing', 'a reboot after that made its new image look like the old one'],
    [74, 'poison', 'a pass that had lost its lock held nodes of long ago against jobs of now'],
    [1328, 'long-definitions', 'a blob service that did not answer made dead letters of good messages'],
    [2652, 'sample', 'nobody told the provisioner again that its pool was gone, whose machines lived on'],
    [3172, 'sample', 'a request that nobody waited for any more added its pool after all'],
    [3222, 'single-tasks', 'a request that nobody waited for any more added a task again that was deleted'],
    [111, 'files-of-runs', 'a node that was booted while it uploaded told a success without the files'],
    [821, 'terminate-while-preparing', 'a node that took its id back from a twin gave up good orders of before'],
    [679, 'node-lost-while-running', 'as seed 821'],
    [505, 'pool-replaced', 'a deletion that nobody waited for any more took the next pool of that id'],
  ])('seed %i of %s: %s', async (seed, scenarioName, _) => {
    expect((await runSeed({ seed, scenarioName })).violations).toEqual([]);
  });
});
