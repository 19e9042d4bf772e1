// A table between the product and the real one that misbehaves at one chosen call, as a busy or contended service may.
import { TableUnavailable, type Table, type Write } from '../../shared/tables/table.js';

export type TableFault =
  | 'refused' // the service is busy, nothing happened
  | 'answerLost' // it happened, but the caller is told that nothing is known
  | 'raced' // another writer changed one of the rows just before
  | 'crash'; // the caller dies after it

/** What a program that dies throws, for a test to catch: nothing in the product may. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** Whether the program that makes the calls lives: dead, nothing it still asks for is done, until somebody starts it again. */
export type Pulse = { isDead: boolean };

export type FaultyTable = Table & {
  /** How many calls were made since the last `arm`. */
  calls(): number;
  /** Call number `at` (from 0) goes wrong, and all calls are counted anew. */
  arm(fault: TableFault, at: number): void;
  disarm(): void;
  /** Whether the armed fault has come about. */
  hasStruck(): boolean;
};

export function createFaultyTable(table: Table, pulse: Pulse = { isDead: false }): FaultyTable {
  let armed: { readonly fault: TableFault; readonly at: number } | undefined;
  let count = 0;
  let struck = false;
  const strikes = (): TableFault | undefined => {
    if (pulse.isDead) throw new Crash('already dead');
    const isNow = armed?.at === count;
    count += 1;
    if (!isNow) return undefined;
    struck = true;
    return armed?.fault;
  };
  const read = async <T>(attempt: () => Promise<T>): Promise<T> => {
    const fault = strikes();
    pulse.isDead = fault === 'crash';
    if (fault === 'refused' || fault === 'answerLost') throw new TableUnavailable('The table was made busy');
    const answer = await attempt();
    if (fault === 'crash') throw new Crash('after a read');
    return answer;
  };
  return {
    get: (partition, row) => read(() => table.get(partition, row)),
    query: (partition, range, limit, continuation) => read(() => table.query(partition, range, limit, continuation)),
    queryAcross: (...asked) => read(() => table.queryAcross(...asked)),
    async write(partition, writes) {
      const fault = strikes();
      if (fault === 'refused') throw new TableUnavailable('The table was made busy');
      pulse.isDead = fault === 'crash';
      if (fault === 'raced') await touch(table, partition, writes);
      const etags = await table.write(partition, writes);
      if (fault === 'answerLost') throw new TableUnavailable('The answer of the table was lost');
      if (fault === 'crash') throw new Crash('after a write');
      return etags;
    },
    calls: () => count,
    arm(fault, at) {
      [armed, count, struck] = [{ fault, at }, 0, false];
    },
    disarm() {
      [armed, count] = [undefined, 0];
    },
    hasStruck: () => struck,
  };
}

/** Another writer rewrites the first of these rows that is there, with the values it has. */
async function touch(table: Table, partition: string, writes: readonly Write[]): Promise<void> {
  for (const { row } of writes) {
    const found = await table.get(partition, row);
    if (found !== undefined) {
      await table.write(partition, [{ type: 'replace', row, values: found.values, etag: found.etag }]);
      return;
    }
  }
}
