// What the app logs, on its way to the host's log: through the app's log hooks, then as one line.
import { unreachable } from '../../../shared/unreachable.js';
import type { Log, LogLevel } from '../../../shared/log.js';
import type { Core, CoreLogCategory, CoreLogLevel } from './core-api.js';

type AppLine = {
  level: CoreLogLevel;
  message: string;
  readonly category: CoreLogCategory;
  readonly hookData?: object;
  readonly appHookData?: object;
  readonly invocationContext?: object;
};

/** Hands one line of the app to `log`; log hooks may change level and message of the app's own lines only. */
export function forwardAppLog(core: Core, log: Log, line: AppLine): void {
  const hooked = { ...line };
  for (const callback of [...core.hooks.log]) {
    try {
      callback(hooked);
    } catch (error) {
      // A broken log hook must not fail the function that logs.
      log.warn('log hook failed', { error });
    }
  }
  const { level, message } = line.category === 'user' ? hooked : line;
  const target = toLogLevel(level);
  if (target !== undefined) log[target](message);
}

function toLogLevel(level: CoreLogLevel): LogLevel | undefined {
  switch (level) {
    case 'trace':
    case 'debug':
      return 'debug';
    case 'information':
      return 'info';
    case 'warning':
      return 'warn';
    case 'error':
    case 'critical':
      return 'error';
    case 'none':
      return undefined;
    default:
      return unreachable(level);
  }
}
