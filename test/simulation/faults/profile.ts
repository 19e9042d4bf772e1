// Which faults a seed brings, and how often: a different mixture each time, so that rare ones are not drowned by the frequent.
import type { Random } from '../core/random.js';

/** Per call, the probability of each. */
export type CallFaults = Readonly<
  Record<
    'crash' | 'agentCrash' | 'refused' | 'answerLost' | 'delay' | 'contended' | 'partial' | 'duplicated' | 'lost',
    number
  >
>;

/** How often each happens during the time of faults. */
export type WorldFaults = Readonly<
  Record<
    'lockLost' | 'throttled' | 'agentKilled' | 'rebooted' | 'reimaged' | 'removed' | 'silent' | 'skewed' | 'twin',
    number
  >
>;

export type Profile = {
  readonly call: CallFaults;
  readonly world: WorldFaults;
  /** How long things go wrong. */
  readonly chaosMs: number;
};

const callLimits: CallFaults = {
  crash: 0.03,
  agentCrash: 0.01,
  refused: 0.08,
  answerLost: 0.06,
  delay: 0.05,
  contended: 0.2,
  partial: 0.2,
  duplicated: 0.3,
  lost: 0.15,
};
const worldLimits: WorldFaults = {
  lockLost: 8,
  throttled: 4,
  agentKilled: 5,
  rebooted: 3,
  reimaged: 2,
  removed: 1,
  silent: 3,
  skewed: 2,
  twin: 1,
};

const none = <Name extends string>(limits: Readonly<Record<Name, number>>): Readonly<Record<Name, number>> =>
  Object.fromEntries(Object.keys(limits).map((name) => [name, 0])) as Record<Name, number>;

/** Nothing goes wrong. */
export const quietProfile: Profile = { call: none(callLimits), world: none(worldLimits), chaosMs: 0 };

/** Draws the mixture; what `leavesOut` names never happens. */
export function drawProfile(random: Random, leavesOut: readonly string[] = []): Profile {
  const isIn = (name: string, share: number): boolean => random.chance(share) && !leavesOut.includes(name);
  const call = Object.fromEntries(
    Object.entries(callLimits).map(([name, limit]) => [
      name,
      isIn(name, 0.45) ? limit * 10 ** (-2 * random.next()) : 0,
    ]),
  ) as CallFaults;
  const world = Object.fromEntries(
    Object.entries(worldLimits).map(([name, limit]) => [name, isIn(name, 0.3) ? random.int(1, limit) : 0]),
  ) as WorldFaults;
  return { call, world, chaosMs: random.pick([20_000, 60_000, 180_000, 600_000, 1_500_000]) };
}
