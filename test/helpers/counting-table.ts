// A table that counts what it is asked, as the service bills it: one operation for each call.
import type { Table } from '../../shared/tables/table.js';

export type CountingTable = Table & {
  /** Calls since the last look. */
  take(): { readonly gets: number; readonly queries: number; readonly writes: number; readonly rows: number };
};

/** `rows` counts the entities that queries gave. */
export function createCountingTable(table: Table): CountingTable {
  let counts = { gets: 0, queries: 0, writes: 0, rows: 0 };
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
      counts = { gets: 0, queries: 0, writes: 0, rows: 0 };
      return taken;
    },
  };
}
