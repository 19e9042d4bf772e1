// Faults of calls, drawn one by one until the time of faults is over.
import type { Random } from '../core/random.js';
import type { Call, Fate, Faults, Variant } from '../core/sim.js';
import type { Profile } from './profile.js';
import { ordinary } from './quiet.js';

export type Chaos = Faults & {
  /** Until then. */
  isOver(): boolean;
  /** The table refuses everything while this holds. */
  setThrottled(isThrottled: boolean): void;
};

// Of the disk only what the agent keeps its journal with: whoever cannot make a task's folder fails the task, which is another end.
const refusable: Readonly<Record<string, readonly string[]>> = {
  disk: ['readState', 'writeState', 'removeState'],
  processes: ['start', 'look', 'forbid', 'signal', 'findProgram'],
};

const longestWayMs = 2_000;

export function createChaos(
  { timing, faults }: { readonly timing: Random; readonly faults: Random },
  { call: rates }: Profile,
  isOver: () => boolean,
): Chaos {
  let isThrottled = false;
  const delayed = (fate: Fate, life: string): Fate => {
    const longest = life === 'agent' ? 30_000 : 400_000;
    const ms = Math.min(longest, faults.pick([50, 300, 2_000, 15_000, 70_000, 330_000]));
    // A request that its service got minutes late was given up by both; an answer may be late for as long as somebody waits.
    const late = { ...fate, isLate: true };
    return faults.chance(0.5) ? { ...late, thereMs: Math.min(ms, longestWayMs) } : { ...late, backMs: ms };
  };
  const kindOf = (call: Call<unknown>): Fate['kind'] => {
    const isAgent = call.life.kind === 'agent';
    if (faults.chance(isAgent ? rates.agentCrash : call.life.kind === 'controller' ? rates.crash : 0))
      return faults.chance(0.5) ? 'crashBefore' : 'crashAfter';
    if (call.refuse !== undefined && (refusable[call.api]?.includes(call.method) ?? true)) {
      if (isThrottled && call.api === 'table') return 'refused';
      if (faults.chance(rates.refused)) return 'refused';
      if (faults.chance(rates.answerLost)) return 'answerLost';
    }
    const variants = Object.keys(call.variants ?? {}) as Variant[];
    return variants.find((variant) => faults.chance(rates[variant])) ?? 'normal';
  };
  return {
    isOver,
    setThrottled(throttled) {
      isThrottled = throttled;
    },
    decide(call) {
      const fate = ordinary(timing, call.api);
      if (isOver()) return fate;
      const kind = kindOf(call);
      const isLate = (call.api === 'table' || call.api === 'bus') && faults.chance(rates.delay);
      return { ...(isLate ? delayed(fate, call.life.kind) : fate), kind };
    },
  };
}
