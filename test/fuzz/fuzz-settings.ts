// How a run is drawn, and how it is drawn again.

const read = (name: string): string | undefined => process.env[name] || undefined;

/** From BOOKEND_FUZZ_SEED, or the clock. */
export const fuzzSeed = Number(read('BOOKEND_FUZZ_SEED') ?? Date.now() % 2 ** 31);

/** The one case to run again, from BOOKEND_FUZZ_PROPERTY and BOOKEND_FUZZ_PATH. */
export const replayed = toReplayed(read('BOOKEND_FUZZ_PROPERTY'), read('BOOKEND_FUZZ_PATH'));

function toReplayed(property?: string, path?: string): { property: string; path: string } | undefined {
  return property === undefined || path === undefined ? undefined : { property, path };
}

/** Whether another property is run again than this one. */
export const isLeftOut = (property: string): boolean => replayed !== undefined && replayed.property !== property;

/** The command that runs the same case again. */
export function toReplay(settings: Readonly<Record<string, number | string>>): string {
  const all = Object.entries(settings);
  return `replay with ${all.map(([name, value]) => `${name}=${value}`).join(' ')} npm run test:fuzz`;
}
