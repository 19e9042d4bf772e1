// The operations of the app as it registers them, so that whoever adds one has it fuzzed without a word.
import { readdir } from 'node:fs/promises';
import { installCore, type Core } from '../../local/functions-host/app/core-api.js';
import { describeFunctions, type FunctionMetadata } from '../../local/functions-host/app/triggers.js';

export type AppOperation = { readonly name: string; readonly method: string; readonly route: string };

/** Loads the HTTP functions from their sources into this process. */
export async function loadHttpFunctions(): Promise<Core> {
  // The library asks for its host when it is first imported.
  const core = installCore();
  const folder = new URL('../../functions/http/', import.meta.url);
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.ts')).sort())
    await import(new URL(file, folder).pathname);
  return core;
}

/** One for each method of each HTTP function, without the one that answers everything else. */
export function operationsOf(functions: readonly FunctionMetadata[]): readonly AppOperation[] {
  return functions.flatMap(({ name, bindings }) =>
    bindings
      .filter(({ type, route }) => type === 'httpTrigger' && typeof route === 'string' && !route.startsWith('{*'))
      .flatMap(({ methods, route }) =>
        (Array.isArray(methods) ? methods : ['GET', 'POST']).map((method) => ({
          name,
          method: String(method).toUpperCase(),
          route: String(route),
        })),
      ),
  );
}

export const operationsIn = (core: Core): readonly AppOperation[] => operationsOf(describeFunctions(core));
