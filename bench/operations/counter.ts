// Counts operations of this process and appends them to a file of its own, often, so that little is lost when the process is killed.
// Knows no client library.
import { appendFileSync } from 'node:fs';
import { AsyncLocalStorage } from 'node:async_hooks';
import { toKey, type OperationKind } from './operation.js';

/** Names the directory of the files of counts; a process without it counts nothing. */
export const countsVariable = 'BOOKEND_BENCH_COUNTS';

export type Invocation = { readonly by: string; readonly isRead: boolean };
/** The function, and what it was called for, on whose behalf the process acts, where it is one. */
export const invocation = new AsyncLocalStorage<Invocation>();

/** `isApart` is added to what is known of the invocation. */
export type Count = (
  operation: { kind: OperationKind; at: string; what: string; isApart?: boolean },
  times?: number,
) => void;

const writeEveryMs = 50;
// Taken now, so that a program with another idea of time still writes often.
const { setTimeout } = globalThis;

/** Starts a file of counts for this process; what is not written yet is written when the process exits. */
export function createCounter(file: string, program: string): Count {
  let counts: Record<string, number> = {};
  let isDue = false;
  const write = (): void => {
    isDue = false;
    if (Object.keys(counts).length === 0) return;
    appendFileSync(file, `${JSON.stringify(counts)}\n`);
    counts = {};
  };
  process.on('exit', write);
  return ({ kind, at, what, isApart = false }, times = 1) => {
    if (times === 0) return;
    const caller = invocation.getStore();
    const by = caller?.by ?? program;
    const key = toKey({ kind, at, what, by, isApart: isApart || caller?.isRead === true });
    counts[key] = (counts[key] ?? 0) + times;
    if (isDue) return;
    isDue = true;
    setTimeout(write, writeEveryMs).unref();
  };
}
