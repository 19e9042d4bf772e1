// One run of one scenario in a world of its own, to its end and a while beyond; answers what was found wrong.
import { startFunctionsHost, type HostManner } from '../actors/functions-host.js';
import { createClient } from '../actors/client.js';
import { startProvisioner, type Provisioner } from '../actors/provisioner.js';
import type { CheckContext, Checker, CreateChecker } from '../checkers/checker.js';
import type { PromiseName } from '../core/facts.js';
import { checkJobSchedules } from '../checkers/job-schedules.js';
import { checkMessages } from '../checkers/messages.js';
import { checkPreparations } from '../checkers/preparation.js';
import { checkPromptness } from '../checkers/promptness.js';
import { checkReleases } from '../checkers/release.js';
import { checkRest } from '../checkers/rest.js';
import { checkStartTasks } from '../checkers/start-task.js';
import { checkTables } from '../checkers/tables.js';
import { checkDependencies } from '../checkers/dependencies.js';
import { checkTruth } from '../checkers/truth.js';
import type { Line } from '../core/history.js';
import { createRandom } from '../core/random.js';
import { beginningMs } from '../core/scheduler.js';
import { createSim, type Counts, type Faults, type OperationKind, type Sim } from '../core/sim.js';
import { createView, type View } from '../core/view.js';
import { createWorld, type World, type Wrap } from '../core/world.js';
import { createPlay, type Scenario } from '../scenarios/play.js';

export type Violation = { readonly promise: PromiseName; readonly text: string; readonly atMs: number };

export type RunResult = {
  /** What Azure would bill until the end of the script, and from then on. */
  readonly bill: Readonly<Record<OperationKind, number>>;
  readonly billAfter: Readonly<Record<OperationKind, number>>;
  readonly violations: readonly Violation[];
  readonly counts: Counts;
  readonly events: number;
  readonly endedAtMs: number;
  readonly lines: readonly Line[];
};

export type Disturb = (context: { sim: Sim; world: World; provisioner: Provisioner; view: View }) => void;

export type RunOptions = {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly faults: Faults;
  /** Faults that are not of a call: reboots, lost locks … */
  readonly disturb?: Disturb;
  /** Virtual time until which things go wrong; what is promised holds some time after. */
  readonly chaosUntilMs?: number;
  /** After so many it is stopped. */
  readonly mostViolations?: number;
  /** How long the world is watched after the end. */
  readonly restMs?: number;
  readonly keepHistory?: boolean;
  readonly wrap?: Wrap;
  readonly manner?: HostManner;
};

const checkers: readonly CreateChecker[] = [
  checkPreparations,
  checkStartTasks,
  checkReleases,
  checkTables,
  checkDependencies,
  checkJobSchedules,
  checkTruth,
  checkPromptness,
  checkRest,
];
// After the last fault: the hourly sweep twice, and the longest silence that is allowed.
const convergesWithinMs = 3 * 3600_000;
const defaultRestMs = 25 * 60_000;
const mostViolations = 10;
// An honest run has a few thousand; more means that something goes round in circles.
const mostEvents = 60_000;

export async function runScenario(options: RunOptions): Promise<RunResult> {
  const { scenario, seed, faults } = options;
  const sim = createSim(seed, faults, { keepHistory: options.keepHistory === true });
  const world = createWorld(sim, options.wrap);
  const view = createView(world.rows);
  const violations: Violation[] = [];
  const violate = (promise: PromiseName, text: string): void => {
    if (violations.length >= mostViolations || violations.some((each) => each.text === text)) return;
    violations.push({ promise, text, atMs: sim.scheduler.nowMs() });
    sim.tell('checker', `XX ${promise}: ${text}`);
  };
  const host = startFunctionsHost(world, {
    instanceCount: 2,
    ...(options.manner === undefined ? {} : { manner: options.manner }),
  });
  const provisioner = startProvisioner(world);
  const faultsSoFar = (): number => [...sim.counts.faults.values()].reduce((sum, count) => sum + count, 0);
  const context: CheckContext = {
    violate,
    view,
    machines: () => provisioner.machines(),
    nowMs: () => sim.scheduler.nowMs(),
    mayGiveUp: () => faultsSoFar() >= 10,
    faults: faultsSoFar,
  };
  const listening: Checker[] = [...checkers, checkMessages(world.broker)].map((create) => create(context));
  sim.onFact((fact) => {
    if (fact.type === 'broken') violate(fact.promise, fact.text);
    for (const checker of listening) checker.onFact?.(fact);
  });
  options.disturb?.({ sim, world, provisioner, view });

  const client = createClient(world, { tries: 60 });
  const play = createPlay(world, client, view, provisioner, createRandom(seed, 'scenario'));
  // What nobody catches would end a real program.
  const onUnhandled = (error: unknown): void =>
    violate(
      'no bug is logged',
      `unhandled: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  process.on('unhandledRejection', onUnhandled);
  let isOver = false;
  let failure: unknown;
  scenario.script(play).then(
    () => (isOver = true),
    (error: unknown) => {
      failure = error;
      isOver = true;
    },
  );
  const chaosUntilMs = options.chaosUntilMs ?? beginningMs;
  const limitMs = chaosUntilMs + convergesWithinMs;
  const isEnough = (): boolean => violations.length >= (options.mostViolations ?? mostViolations);
  const isRestless = (): boolean => sim.scheduler.count() > mostEvents;
  await sim.scheduler.run(() => isOver || isEnough() || isRestless(), limitMs);
  if (failure !== undefined) throw failure as Error;
  if (isRestless()) violate('promise 6: the end is the same', 'it does not come to rest');
  else if (!isOver && !isEnough())
    violate('promise 6: the end is the same', `it never came to its end; it waited for: ${play.waitsFor()}`);
  const bill = { ...sim.counts.bill };
  if (isOver && !isRestless()) {
    const restUntilMs = Math.max(sim.scheduler.nowMs(), chaosUntilMs) + (options.restMs ?? defaultRestMs);
    await sim.scheduler.run(isRestless, restUntilMs);
    for (const finding of scenario.findings(view)) violate('promise 6: the end is the same', finding);
    for (const checker of listening) checker.atRest?.();
  }
  host.stop();
  process.off('unhandledRejection', onUnhandled);
  const { S, T, E } = sim.counts.bill;
  return {
    bill,
    billAfter: { S: S - bill.S, T: T - bill.T, E: E - bill.E },
    violations,
    counts: sim.counts,
    events: sim.scheduler.count(),
    endedAtMs: sim.scheduler.nowMs(),
    lines: sim.history.lines,
  };
}
