// Module hooks of a process that plays a mutant: patch compiled files while they are loaded. A patch that does not fit exactly once is an error,
// so that a mutant cannot fade away unnoticed.
import type { Patch } from './mutants.js';

type Loaded = { format: string; source?: string | ArrayBuffer | Uint8Array | null };

let patches: readonly Patch[] = [];

export function initialize(given: readonly Patch[]): void {
  patches = given;
}

export async function load(
  url: string,
  context: unknown,
  nextLoad: (url: string, context: unknown) => Promise<Loaded>,
): Promise<Loaded> {
  const loaded = await nextLoad(url, context);
  const meant = patches.filter(({ file }) => url.endsWith(`/dist/simulation/${file}`));
  if (meant.length === 0) return loaded;
  let text = Buffer.from(loaded.source as Uint8Array).toString();
  for (const { file, from, to } of meant) {
    const parts = text.split(from);
    if (parts.length !== 2) throw new Error(`A patch of ${file} fits ${parts.length - 1} times: ${from}`);
    text = parts.join(to);
  }
  return { ...loaded, source: text };
}
