// What is remembered of each try of a preparation or release on one node, after it has ended: its own times, code and failure, whatever came after it.
import type { FailureInfo } from '../tasks/run-definition.js';

export type Attempt = {
  readonly kind: 'preparation' | 'release';
  readonly runId: string;
  /** Counts the orders on this node, from 1: again after a reboot or a new image. */
  readonly attempt: number;
  /** Counts the tries within one order, from 0. */
  readonly retry: number;
  readonly startTime: string;
  readonly endTime: string;
  readonly exitCode?: number;
  readonly failureInfo?: FailureInfo;
  /** interrupted: nobody knows how it would have ended, as its node was rebooted, given a new image, lost or removed. */
  readonly result: 'success' | 'failure' | 'interrupted';
};

/** Of each kind, no more than these are remembered: the newest. */
export const mostAttempts = 20;

const signals: Readonly<Record<number, string>> = {
  ...{ 1: 'SIGHUP', 2: 'SIGINT', 3: 'SIGQUIT', 4: 'SIGILL', 5: 'SIGTRAP', 6: 'SIGABRT', 7: 'SIGBUS', 8: 'SIGFPE' },
  ...{ 9: 'SIGKILL', 10: 'SIGUSR1', 11: 'SIGSEGV', 12: 'SIGUSR2', 13: 'SIGPIPE', 14: 'SIGALRM', 15: 'SIGTERM' },
};

/** The signal that a shell's exit code tells of: 128 and its number. A program may also end with such a code by itself. */
export function signalOf(exitCode: number | undefined): string | undefined {
  return exitCode === undefined ? undefined : signals[exitCode - 128];
}
