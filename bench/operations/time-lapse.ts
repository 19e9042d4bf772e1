// Lets a process's time run faster from a given instant on, alike in all processes that are told the same: an hour passes in a minute.
// Covers what programs see of time: Date, performance.now, setTimeout and setInterval. Knows no program.
import { z } from 'zod';

/** Holds `{ fromMs, factor }`: the real instant (milliseconds since 1970) from which time runs `factor` times as fast. */
export const lapseVariable = 'BOOKEND_BENCH_LAPSE';
const lapseSchema = z.object({ fromMs: z.number(), factor: z.number().min(1) });
export type Lapse = z.infer<typeof lapseSchema>;

/** What the environment says of this process's time; undefined: it is the world's. */
export function lapseOf(environment = process.env): Lapse | undefined {
  const text = environment[lapseVariable];
  return text === undefined ? undefined : lapseSchema.parse(JSON.parse(text));
}

/** Makes the process's time run as told. To be called before anything has looked at a clock. */
export function lapseTime({ fromMs, factor }: Lapse): void {
  const { Date: RealDate, setTimeout: realSetTimeout, setInterval: realSetInterval } = globalThis;
  const realMonotonicMs = performance.now.bind(performance);
  // Both clocks are read off the one that never jumps.
  const originMs = RealDate.now() - realMonotonicMs();
  const realMs = (): number => originMs + realMonotonicMs();
  const lapsed = (real: number): number => (real <= fromMs ? real : fromMs + (real - fromMs) * factor);
  const realOf = (time: number): number => (time <= fromMs ? time : fromMs + (time - fromMs) / factor);
  const nowMs = (): number => lapsed(realMs());
  const realDelayMs = (delayMs = 0): number => Math.max(0, realOf(nowMs() + delayMs) - realMs());

  globalThis.Date = new Proxy(RealDate, {
    construct: (target, given, newTarget) =>
      Reflect.construct(target, given.length === 0 ? [nowMs()] : given, newTarget),
    apply: () => new RealDate(nowMs()).toString(),
    get: (target, name, receiver) => (name === 'now' ? () => Math.floor(nowMs()) : Reflect.get(target, name, receiver)),
  });
  performance.now = () => nowMs() - originMs;
  globalThis.setTimeout = withDelay(realSetTimeout, realDelayMs);
  globalThis.setInterval = withDelay(realSetInterval, realDelayMs);
}

/** The timer function with its second argument changed. Its other properties (promisified forms) stay the real ones. */
function withDelay<T extends typeof setTimeout | typeof setInterval>(
  real: T,
  realDelayMs: (delayMs?: number) => number,
): T {
  return new Proxy(real, {
    apply: (target, self, [callback, delayMs, ...rest]: [unknown, number | undefined, ...unknown[]]) =>
      Reflect.apply(target, self, [callback, realDelayMs(delayMs), ...rest]),
  });
}
