// Runs scenarios one after the other against one stack, which so survives many deaths; a scenario that fails gets the next a fresh one.
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../helpers/eventually.js';
import { taskProcessesOf } from '../helpers/processes-of.js';
import { playScenario, type Scenario } from './kill-scenarios.js';
import { startKillableStack, type KillableStack } from './killable-stack.js';
import { addPool } from './marked-job.js';

const poolId = 'pool1';
const scenarioWithinMs = 150_000;

export function killSuite(title: string, scenarios: readonly Scenario[]): void {
  let stack: KillableStack | undefined;
  beforeEach(async () => {
    if (stack !== undefined) return;
    stack = await startKillableStack();
    await addPool(stack.client, poolId, 2);
  });
  afterEach(async ({ task }) => {
    const used = stack;
    if (used === undefined) return;
    const failed = task.result?.state === 'fail';
    if (failed) await used.keepArtefacts(`${title} ${task.name}`);
    // The next test starts from scratch, whatever this one met.
    if (failed) stack = undefined;
    if (failed) return used.stop();
    await eventually('the end of all tasks', () => taskProcessesOf(used.directory).length === 0);
    expect(taskProcessesOf(used.directory)).toEqual([]);
  });
  afterAll(async () => stack?.stop());

  describe(title, () => {
    for (const scenario of scenarios) {
      const { victim, point, kind } = scenario;
      test(
        `${victim} killed at: ${point} (${kind})`,
        async () => {
          if (stack === undefined) throw new Error('There is no stack to play on');
          await playScenario(stack, poolId, scenario);
        },
        scenarioWithinMs,
      );
    }
  });
}
