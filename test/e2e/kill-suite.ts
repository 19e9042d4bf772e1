// Runs tests one after the other against one stack, which so survives many deaths; a test that fails gets the next a fresh one.
import { afterAll, afterEach, beforeEach, describe, test, vi } from 'vitest';
import { eventually } from '../helpers/eventually.js';
import { taskProcessesOf } from '../helpers/processes-of.js';
import { matrix, playScenario, type Scenario } from './kill-scenarios.js';
import { startKillableStack, type KillableStack } from './killable-stack.js';
import { addPool } from './marked-job.js';

const testWithinMs = 150_000;

/** Gives the tests of this file a stack with a pool of two nodes; after each, no process of a task may be left. */
export function keepKillableStack(title: string): { stack(): KillableStack; readonly poolId: string } {
  // Programs are started again and again, on a machine that may have other things to do: a bound, not an expectation.
  vi.setConfig({ testTimeout: testWithinMs, hookTimeout: testWithinMs });
  const poolId = 'pool1';
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
  });
  afterAll(async () => stack?.stop());
  return {
    poolId,
    stack() {
      if (stack === undefined) throw new Error('There is no stack to play on');
      return stack;
    },
  };
}

/** One test for each scenario. */
export function killSuite(title: string, scenarios: readonly Scenario[]): void {
  const { stack, poolId } = keepKillableStack(title);
  describe(title, () => {
    test.each(scenarios.map((scenario) => [scenario.victim, scenario.point, scenario.kind, scenario] as const))(
      '%s killed at: %s (%s)',
      (_, __, ___, scenario) => playScenario(stack(), poolId, scenario),
    );
  });
}

/** Part `part` of `parts` of all scenarios, only when KILL_MATRIX is set: they take minutes. */
export function killMatrix(part: number, parts: number): void {
  const own = matrix.filter((_, index) => index % parts === part - 1);
  describe.skipIf(process.env['KILL_MATRIX'] === undefined)('the matrix', () => killSuite(`matrix ${part}`, own));
}
