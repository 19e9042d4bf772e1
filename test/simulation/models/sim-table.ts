// The table as one program sees it: the rows in memory behind calls that take time and fail.
import { TableUnavailable, type Table } from '../../../shared/tables/table.js';
import type { MemoryRows } from '../../helpers/memory-table.js';
import type { Life } from '../core/life.js';
import type { Sim } from '../core/sim.js';

/** `rows` is shared by everybody; `onWriter` learns who writes next, for the checkers. */
export function createSimTable(sim: Sim, rows: MemoryRows, life: Life, onWriter: (name: string) => void): Table {
  const busy = (): Error => new TableUnavailable('The table service did not answer');
  const shared = { life, api: 'table', refuse: busy } as const;
  return {
    get: (partition, row) =>
      sim.call({
        ...shared,
        method: 'get',
        about: () => `${partition} ${row}`,
        effect() {
          sim.bill('T');
          return rows.get(partition, row);
        },
      }),
    query: (partition, range, limit, continuation) =>
      sim.call({
        ...shared,
        method: 'query',
        about: () => `${partition} ${range.from ?? ''}… ${limit}${continuation === undefined ? '' : ' continued'}`,
        effect() {
          sim.bill('T');
          return rows.query(partition, range, limit, continuation);
        },
        variants: {
          // A page may be short for any reason; what follows is read later, when it may have changed.
          partial: () => rows.query(partition, range, Math.max(1, Math.min(limit, 2)), continuation),
        },
      }),
    queryAcross: (query, limit, continuation) =>
      sim.call({
        ...shared,
        method: 'query',
        about: () => `${query.row} of ${query.partitions.from ?? ''}… ${limit}`,
        effect() {
          sim.bill('T');
          return rows.queryAcross(query, limit, continuation);
        },
        variants: { partial: () => rows.queryAcross(query, Math.max(1, Math.min(limit, 2)), continuation) },
      }),
    write: (partition, writes) =>
      sim.call({
        ...shared,
        method: 'write',
        about: () => `${partition} ${writes.map(({ type, row }) => `${type} ${row}`).join(', ')}`,
        effect() {
          sim.bill('T');
          onWriter(life.name);
          return rows.write(partition, writes);
        },
        variants: {
          // Somebody else rewrote one of the rows just before, with the same values.
          contended() {
            const targets = writes.filter(({ type }) => type !== 'insert' && type !== 'delete');
            const found = targets.map(({ row }) => rows.get(partition, row)).find((entity) => entity !== undefined);
            onWriter('another writer');
            if (found !== undefined) rows.write(partition, [{ type: 'upsert', row: found.row, values: found.values }]);
            onWriter(life.name);
            return rows.write(partition, writes);
          },
        },
      }),
  };
}
