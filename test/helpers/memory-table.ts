// A table in memory that keeps the promises of the interface and no more: etags, transactions all or nothing, pages that may be short and
// see writes made between them. The same contract suite runs on it and on the real one.
import { isMet, refuseUnaskable } from '../../shared/tables/condition.js';
import {
  ContinuationUnusable,
  maxWritesPerTransaction,
  refuseConditionalRemovals,
  TableConflict,
  type AcrossQuery,
  type Entity,
  type EntityValues,
  type Page,
  type RowQuery,
  type Table,
  type Write,
} from '../../shared/tables/table.js';

export type CommittedRow = { readonly row: string; readonly before?: EntityValues; readonly after?: EntityValues };

/** The table's operations without waiting, for whoever brings its own time. */
export type MemoryRows = {
  get(partition: string, row: string): Entity | undefined;
  query(partition: string, query: RowQuery, limit: number, continuation?: string): Page;
  queryAcross(query: AcrossQuery, limit: number, continuation?: string): Page;
  write(partition: string, writes: readonly Write[]): readonly string[];
  partitions(): readonly string[];
};

type Stored = { readonly values: EntityValues; readonly etag: string };
type Partition = { readonly rows: Map<string, Stored>; sorted: string[] | undefined };

const longestPropertyCharacters = 32_000;
const largestEntityBytes = 1024 * 1024;
const largestTransactionBytes = 4 * 1024 * 1024;

export function createMemoryRows(onCommit?: (partition: string, rows: readonly CommittedRow[]) => void): MemoryRows {
  const partitions = new Map<string, Partition>();
  let version = 0;
  const partitionOf = (name: string): Partition => {
    const found = partitions.get(name) ?? { rows: new Map<string, Stored>(), sorted: undefined };
    partitions.set(name, found);
    return found;
  };
  return {
    partitions: () => [...partitions.keys()],
    get(partition, row) {
      const found = partitions.get(partition)?.rows.get(row);
      return found === undefined ? undefined : { partition, row, ...found };
    },
    query(partition, { from, above, below, where, columns }, limit, continuation) {
      refuseLimit(limit);
      if (where) refuseUnaskable(where);
      const kept = partitions.get(partition);
      if (kept === undefined) return { entities: [] };
      kept.sorted ??= [...kept.rows.keys()].sort(compare);
      const start = continuation === undefined ? from : later(from, fromToken(continuation));
      const matching: Entity[] = [];
      for (let at = firstAtOrAfter(kept.sorted, start ?? above ?? ''); at < kept.sorted.length; at += 1) {
        const row = kept.sorted[at] ?? '';
        if (below !== undefined && compare(row, below) >= 0) break;
        if (above !== undefined && compare(row, above) <= 0) continue;
        const found = kept.rows.get(row);
        if (found === undefined || (where && !isMet(where, found.values))) continue;
        matching.push({ partition, row, ...found, ...(columns && { values: pick(found.values, columns) }) });
        if (matching.length > limit) break;
      }
      const next = matching[limit];
      const entities = matching.slice(0, limit);
      return { entities, ...(next === undefined ? {} : { continuation: toToken(next.row) }) };
    },
    queryAcross({ partitions: { from, above, below }, row, columns }, limit, continuation) {
      refuseLimit(limit);
      const start = continuation === undefined ? from : later(from, fromToken(continuation));
      const names = [...partitions.keys()].sort(compare).filter((name) => {
        const isAbove = above === undefined || compare(name, above) > 0;
        return isAbove && compare(name, start ?? '') >= 0 && (below === undefined || compare(name, below) < 0);
      });
      const found = names.flatMap((partition) => {
        const kept = partitions.get(partition)?.rows.get(row);
        if (kept === undefined) return [];
        return [{ partition, row, ...kept, ...(columns && { values: pick(kept.values, columns) }) }];
      });
      const next = found[limit];
      return { entities: found.slice(0, limit), ...(next && { continuation: toToken(next.partition) }) };
    },
    write(partition, writes) {
      if (writes.length === 0) return [];
      refuseMisuse(writes);
      const kept = partitionOf(partition);
      for (const write of writes) checkCondition(partition, write, kept.rows.get(write.row));
      const committed: CommittedRow[] = [];
      const etags = writes.map((write) => {
        const before = kept.rows.get(write.row);
        const told = { row: write.row, ...(before === undefined ? {} : { before: before.values }) };
        if (write.type === 'delete') {
          kept.rows.delete(write.row);
          kept.sorted = undefined;
          committed.push(told);
          return '';
        }
        const values = write.type === 'merge' ? { ...before?.values, ...write.values } : { ...write.values };
        refuseLarge(write.row, values);
        version += 1;
        const etag = `W/"${version}"`;
        kept.rows.set(write.row, { values, etag });
        if (before === undefined) kept.sorted = undefined;
        committed.push({ ...told, after: values });
        return etag;
      });
      onCommit?.(partition, committed);
      return etags;
    },
  };
}

/** The interface over rows in memory; every call is answered in a later turn. */
export function createMemoryTable(rows: MemoryRows = createMemoryRows()): Table {
  const later = async <T>(act: () => T): Promise<T> => {
    await Promise.resolve();
    return act();
  };
  return {
    get: (partition, row) => later(() => rows.get(partition, row)),
    query: (partition, query, limit, continuation) => later(() => rows.query(partition, query, limit, continuation)),
    queryAcross: (query, limit, continuation) => later(() => rows.queryAcross(query, limit, continuation)),
    write: (partition, writes) => later(() => rows.write(partition, writes)),
  };
}

function checkCondition(partition: string, write: Write, found: Stored | undefined): void {
  const conflict = (kind: TableConflict['kind']): TableConflict =>
    new TableConflict(kind, `Row '${write.row}' of partition '${partition}': ${kind}`);
  switch (write.type) {
    case 'insert':
      if (found !== undefined) throw conflict('exists');
      return;
    case 'upsert':
      return;
    case 'replace':
    case 'merge':
    case 'delete':
      if (found === undefined) throw conflict('missing');
      if (write.etag !== undefined && write.etag !== found.etag) throw conflict('changed');
  }
}

function refuseLimit(limit: number): void {
  if (limit < 1 || limit > 1000) throw new Error(`A page of ${limit} entities was asked for; 1 to 1000 are given`);
}

function refuseMisuse(writes: readonly Write[]): void {
  refuseConditionalRemovals(writes);
  if (writes.length > maxWritesPerTransaction)
    throw new Error(`A transaction of ${writes.length} writes was asked for`);
  const rows = new Set(writes.map((write) => write.row));
  if (rows.size < writes.length) throw new Error('A transaction names a row twice');
  const bytes = writes.reduce((sum, write) => sum + ('values' in write ? bytesOf(write.values) : 0), 0);
  if (bytes > largestTransactionBytes) throw new Error(`A transaction holds ${bytes} bytes`);
}

function refuseLarge(row: string, values: EntityValues): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'string' && value.length > longestPropertyCharacters)
      throw new Error(`Property '${name}' of row '${row}' is ${value.length} characters long`);
  }
  if (bytesOf(values) > largestEntityBytes) throw new Error(`Row '${row}' is larger than 1 MiB`);
}

const bytesOf = (values: EntityValues): number =>
  Object.entries(values).reduce(
    (sum, [name, value]) => sum + 2 * name.length + (typeof value === 'string' ? 2 * value.length : 8),
    0,
  );

const pick = (values: EntityValues, columns: readonly string[]): EntityValues =>
  Object.fromEntries(Object.entries(values).filter(([name]) => columns.includes(name)));

// Opaque to callers, as the real ones.
const toToken = (row: string): string => `row${Buffer.from(row).toString('base64url')}`;
function fromToken(token: string): string {
  if (token.startsWith('row')) return Buffer.from(token.slice(3), 'base64url').toString();
  throw new ContinuationUnusable('The continuation is none of this table');
}
const later = (one: string | undefined, other: string): string =>
  one !== undefined && compare(one, other) > 0 ? one : other;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function firstAtOrAfter(sorted: readonly string[], row: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(sorted[middle] ?? '', row) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
