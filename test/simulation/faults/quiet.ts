// No fault at all: every call takes its time, and that is it.
import type { Random } from '../core/random.js';
import type { Api, Fate, Faults } from '../core/sim.js';

/** The delays of an ordinary call, there and back; a machine's own disk and processes are nearer than the cloud. */
export function ordinary(random: Random, api: Api): Fate {
  const isNear = api === 'disk' || api === 'processes';
  return { kind: 'normal', thereMs: random.int(0, isNear ? 1 : 6), backMs: random.int(0, isNear ? 1 : 4) };
}

export function createQuietFaults(random: Random): Faults {
  return { decide: (call) => ordinary(random, call.api) };
}

/** A crash before or after one call, counted over the calls of controller and agents; nothing else. */
export function createCrashPoint(
  random: Random,
  point: { readonly number: number; readonly when: 'before' | 'after' },
): Faults & { reached(): boolean; counted(): number } {
  let counted = 0;
  return {
    counted: () => counted,
    reached: () => counted >= point.number,
    decide(call) {
      const fate = ordinary(random, call.api);
      if (call.life.kind === 'provisioner') return fate;
      counted += 1;
      if (counted !== point.number) return fate;
      return { ...fate, kind: point.when === 'before' ? 'crashBefore' : 'crashAfter' };
    },
  };
}
