// A table that counts what it is asked, as the service bills it: one operation for each call.
import type { Table } from '../../shared/tables/table.js';

type Counts = Record<'gets' | 'queries' | 'across' | 'writes' | 'rows', number>;
const none: Counts = { gets: 0, queries: 0, across: 0, writes: 0, rows: 0 };

export type CountingTable = Table & {
  /** Calls since the last look. */
  take(): Counts;
};

/** `across` counts those of the queries that go over partitions, `rows` the entities that queries gave. */
export function createCountingTable(table: Table): CountingTable {
  let counts: Counts = { ...none };
  return {
    get(partition, row) {
      counts.gets += 1;
      return table.get(partition, row);
    },
    async query(...asked) {
      counts.queries += 1;
      const page = await table.query(...asked);
      counts.rows += page.entities.length;
      return page;
    },
    async queryAcross(...asked) {
      counts.queries += 1;
      counts.across += 1;
      const page = await table.queryAcross(...asked);
      counts.rows += page.entities.length;
      return page;
    },
    write(partition, writes) {
      counts.writes += 1;
      return table.write(partition, writes);
    },
    take() {
      const taken = counts;
      counts = { ...none };
      return taken;
    },
  };
}
