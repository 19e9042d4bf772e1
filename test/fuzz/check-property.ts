// Draws cases and runs them until one fails; then shrinks it, and tells the smallest and how to see it again.
import fc from 'fast-check';
import { describeError } from '../../shared/log.js';
import { fuzzSeed, replayed, toReplay } from './fuzz-settings.js';
import type { FuzzRequest } from './fuzz-request.js';

/** How long drawing and shrinking may go on; what was found by then is told. */
const mostMs = 540_000;

export type Finding<T> = {
  readonly smallest: T;
  /** Of fast-check: where among the cases of the seed it is. */
  readonly path: string;
  readonly report: string;
};
export type Draw = {
  readonly numRuns: number;
  readonly seed: number;
  /** Only the case that is there. */
  readonly path?: string | undefined;
  /** What else it takes to see the case again. */
  readonly settings?: Readonly<Record<string, number>>;
};

/** Undefined when all cases ran well. Each is run from scratch: shrinking runs nearly the same one over and over. */
export async function findSmallest<T extends object>(
  name: string,
  cases: fc.Arbitrary<T>,
  run: (drawn: T) => Promise<void>,
  { numRuns, seed, path, settings = {} }: Draw,
): Promise<Finding<T> | undefined> {
  const property = fc.asyncProperty(cases, run);
  const details = await fc.check(property, {
    ...{ numRuns, seed, interruptAfterTimeLimit: mostMs, markInterruptAsFailure: true },
    ...(path !== undefined && { path }),
  });
  if (!details.failed) return undefined;
  const [smallest] = details.counterexample ?? [];
  if (smallest === undefined) throw new Error(`${name}: not done within ${mostMs} ms`);
  const found = {
    BOOKEND_FUZZ_SEED: seed,
    BOOKEND_FUZZ_PROPERTY: name,
    BOOKEND_FUZZ_PATH: details.counterexamplePath ?? '',
  };
  const told = [
    `${name}: failed at case ${details.numRuns} of seed ${seed}, and after ${details.numShrinks} steps of shrinking at`,
    ...[smallest].flat().map((step) => `  ${showStep(step)}`),
    toReplay({ ...settings, ...found }),
    describeError(details.errorInstance).slice(0, 3_000),
  ];
  return { smallest, path: found.BOOKEND_FUZZ_PATH, report: told.join('\n') };
}

/** Fails with the smallest case that fails; runs one case alone where the environment names it. */
export async function checkProperty<T extends object>(
  name: string,
  cases: fc.Arbitrary<T>,
  run: (drawn: T) => Promise<void>,
  draw: Omit<Draw, 'seed' | 'path'>,
): Promise<void> {
  const path = replayed?.property === name ? replayed.path : undefined;
  const found = await findSmallest(name, cases, run, { ...draw, seed: fuzzSeed, path });
  if (found !== undefined) throw new Error(found.report);
}

function showStep(step: unknown): string {
  if (!isRequest(step)) return JSON.stringify(step);
  const { method, target, headers, body, authentication } = step;
  const shown = [
    `${method} ${target}`,
    JSON.stringify(headers),
    ...(authentication === 'signed' ? [] : [authentication]),
    ...(body === undefined ? [] : [JSON.stringify(body)]),
  ];
  return shown.join(' ').slice(0, 3_000);
}

const isRequest = (step: unknown): step is FuzzRequest =>
  typeof step === 'object' && step !== null && 'method' in step && 'target' in step;
