// The app's console.* calls as log lines on stderr: standard output belongs to the program, and Azure logs them without invocation too.
import { format } from 'node:util';
import type { Log, LogLevel } from '../../shared/log.js';

/** Redirects the process's console for good. */
export function redirectConsole(log: Log): void {
  const levels: Record<'log' | 'info' | 'warn' | 'error' | 'debug' | 'trace', LogLevel> = {
    log: 'info',
    info: 'info',
    warn: 'warn',
    error: 'error',
    debug: 'debug',
    trace: 'debug',
  };
  const write =
    (level: LogLevel) =>
    (...args: unknown[]): void =>
      log[level](format(...args));
  Object.assign(console, Object.fromEntries(Object.entries(levels).map(([name, level]) => [name, write(level)])));
}
