// What is billed: an idle hour costs next to nothing (promise 9), and messages that come twice cost at most twice.
import type { PromiseName } from '../core/facts.js';
import { createRandom } from '../core/random.js';
import type { OperationKind } from '../core/sim.js';
import { createChaos } from '../faults/chaos.js';
import { quietProfile, type Profile } from '../faults/profile.js';
import { createQuietFaults } from '../faults/quiet.js';
import { scenarioNamed } from '../scenarios/all.js';
import { pool } from '../scenarios/definitions.js';
import { isSteady } from '../scenarios/ends.js';
import type { Scenario } from '../scenarios/play.js';
import { runScenario } from './run-scenario.js';

type Found = { readonly promise: PromiseName; readonly text: string };

const fewNodes = 1;
const manyNodes = 6;
const perIdleNodeHour = 60;
const hourMs = 3600_000;
const duplicated = 0.1;
const atMost = 2;
const compared = ['sample', 'more-tasks-than-slots', 'two-jobs', 'failing-preparation', 'wait-for-success-false'];
const kinds: readonly OperationKind[] = ['S', 'T', 'E'];

export async function checkBudgets(): Promise<readonly Found[]> {
  const found = [await checkIdleHour()];
  for (const name of compared) found.push(await checkDuplicates(scenarioNamed(name)));
  return found.flat();
}

const idleWith = (nodes: number): Scenario => ({
  name: 'idle',
  about: 'a pool whose nodes have nothing to do',
  isBasic: false,
  async script({ client, view, until, pause }) {
    await client.addPool(pool(nodes));
    await until('all nodes joined', () => isSteady(view, nodes));
    await pause(30 * 60_000);
  },
  findings: () => [],
});

/** What one node more costs in an hour: the sweep's own cost is that of the app, however many nodes there are. */
async function checkIdleHour(): Promise<readonly Found[]> {
  const hour = async (nodes: number) => {
    const faults = createQuietFaults(createRandom(1, 'faults'));
    const run = await runScenario({ scenario: idleWith(nodes), seed: 1, faults, restMs: hourMs });
    return { ...run, operations: kinds.reduce((sum, kind) => sum + run.billAfter[kind], 0) };
  };
  const [few, many] = [await hour(fewNodes), await hour(manyNodes)];
  const perNode = (many.operations - few.operations) / (manyNodes - fewNodes);
  const violations = [...few.violations, ...many.violations];
  const text = `an idle node costs ${perNode} operations in an hour, not ${perIdleNodeHour}`;
  return perNode <= perIdleNodeHour
    ? violations
    : [...violations, { promise: 'promise 9: quiet when nothing happens', text }];
}

async function checkDuplicates(scenario: Scenario): Promise<readonly Found[]> {
  const quiet = await runScenario({ scenario, seed: 1, faults: createQuietFaults(createRandom(1, 'faults')) });
  const profile: Profile = { ...quietProfile, call: { ...quietProfile.call, duplicated } };
  const random = { timing: createRandom(1, 'calls'), faults: createRandom(1, 'faults') };
  const doubled = await runScenario({ scenario, seed: 1, faults: createChaos(random, profile, () => false) });
  const wrong = kinds.flatMap((kind): Found[] => {
    const [plain, twice] = [quiet.bill[kind], doubled.bill[kind]];
    if (twice <= atMost * plain) return [];
    return [{ promise: 'budget', text: `${scenario.name}: ${twice} ${kind} with duplicates, ${plain} without` }];
  });
  return [...doubled.violations, ...wrong];
}
