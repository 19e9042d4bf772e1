// How a run is drawn, and how it is drawn again.

/** From BOOKEND_FUZZ_SEED, or the clock. */
export const fuzzSeed = Number(process.env['BOOKEND_FUZZ_SEED'] ?? Date.now() % 2 ** 31);

/** The command that sends the same requests again. */
export function toReplay(settings: Readonly<Record<string, number>>): string {
  const all = Object.entries({ BOOKEND_FUZZ_SEED: fuzzSeed, ...settings });
  return `replay with ${all.map(([name, value]) => `${name}=${value}`).join(' ')} npm run test:fuzz`;
}
