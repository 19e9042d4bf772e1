// Runs an app's hooks in the order they were registered. A hook that throws fails what it hooks into.
import type { Core, HookName } from './core-api.js';

/** Data that hooks of the whole app share, as `appHookData` and as the hookData of appStart and appTerminate. */
export type AppHookData = Record<string, unknown>;

/** Runs the hooks called `name` one after the other on the same context. */
export async function runHooks(core: Core, name: Exclude<HookName, 'log'>, context: object): Promise<void> {
  for (const callback of [...core.hooks[name]]) await callback(context);
}

/** The context of appStart (before the first invocation) and appTerminate (after the last; may be skipped by a crash). */
export function appHookContext(appHookData: AppHookData): object {
  return { hookData: appHookData, appHookData };
}
