// What tasks have satisfied, read once for all the tasks of one transaction: many depend on the same.
import type { RowRange, Table } from '../tables/table.js';
import { lastGap, type Dependency } from './dependency-decisions.js';
import { numberOfSatisfied, satisfiedRange, satisfiedRow } from './dependency-rows.js';

const largestPage = 1000;

export type SatisfiedLookUp = {
  /** By lower-case id. */
  isSatisfied(taskId: string): Promise<boolean>;
  lastUnsatisfied(range: Extract<Dependency, { kind: 'range' }>): Promise<number | undefined>;
};

/** Knows what it has read: good for one transaction that the job's head fences. */
export function createSatisfiedLookUp(table: Table, partition: string): SatisfiedLookUp {
  const ids = new Map<string, Promise<boolean>>();
  const ranges = new Map<string, Promise<number | undefined>>();
  return {
    isSatisfied: (taskId) =>
      remember(ids, taskId, async () => (await table.get(partition, satisfiedRow(taskId))) !== undefined),
    lastUnsatisfied: ({ from, to }) =>
      remember(ranges, `${from}-${to}`, async () => {
        const top = await table.query(partition, satisfiedRange(to, to), 1);
        if (top.entities.length === 0 && top.continuation === undefined) return to;
        return lastGap(from, to, await readNumbers(table, partition, satisfiedRange(from, to)));
      }),
  };
}

async function readNumbers(table: Table, partition: string, range: RowRange): Promise<readonly number[]> {
  const numbers: number[] = [];
  let continuation: string | undefined;
  do {
    const page = await table.query(partition, range, largestPage, continuation);
    for (const entity of page.entities) numbers.push(numberOfSatisfied(entity));
    continuation = page.continuation;
  } while (continuation !== undefined);
  return numbers;
}

function remember<Key, Value>(known: Map<Key, Promise<Value>>, key: Key, find: () => Promise<Value>): Promise<Value> {
  const found = known.get(key) ?? find();
  known.set(key, found);
  return found;
}
