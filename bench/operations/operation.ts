// What is counted: one operation at the boundary of a client library, and how it is written to a file of counts. Counts nothing itself.
import { z } from 'zod';

const kinds = ['send', 'receive', 'settle', 'renew', 'accept', 'wait', 'request', 'execution'] as const;
/**
 * send … renew are Service Bus operations that are billed; accept = a receiving link was opened, wait = one came back without a message;
 * request = an HTTP request; execution = one run of a function.
 */
export type OperationKind = (typeof kinds)[number];

export type Operation = {
  readonly kind: OperationKind;
  /** Where: a queue, the host and port of an HTTP request, a function. */
  readonly at: string;
  /** What: type of a message, sort of a table request, trigger of a function. */
  readonly what: string;
  /** Who: a function, or else the program. */
  readonly by: string;
  /** On behalf of reading: HTTP reads and files asked of nodes are counted apart. */
  readonly isApart: boolean;
};

export type Tally = ReadonlyMap<string, number>;
export type Counted = Operation & { readonly count: number };

const keySchema = z.tuple([z.enum(kinds), z.string(), z.string(), z.string(), z.boolean()]);

/** The operation as the key of a count. */
export function toKey({ kind, at, what, by, isApart }: Operation): string {
  return JSON.stringify([kind, at, what, by, isApart]);
}

/** The counts of a tally by operation. Throws when a key was not made by `toKey`. */
export function countedOf(tally: Tally): readonly Counted[] {
  return [...tally].map(([key, count]) => {
    const [kind, at, what, by, isApart] = keySchema.parse(JSON.parse(key));
    return { kind, at, what, by, isApart, count };
  });
}
