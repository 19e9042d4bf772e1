// One table of entities, as an interface: Azure Table Storage (or Azurite) and the simulator's. Knows no concept.
import type { Condition } from './condition.js';

/** A property: text up to 32,000 characters, a number, or a truth value. */
export type EntityValues = Readonly<Record<string, string | number | boolean>>;

export type Entity = {
  readonly partition: string;
  readonly row: string;
  readonly values: EntityValues;
  /** Changes with every write; opaque. */
  readonly etag: string;
};

/** One write. A write with `etag` fails with `changed` unless the entity still carries it. */
export type Write =
  | { readonly type: 'insert'; readonly row: string; readonly values: EntityValues }
  | { readonly type: 'replace'; readonly row: string; readonly values: EntityValues; readonly etag: string }
  | { readonly type: 'upsert'; readonly row: string; readonly values: EntityValues }
  /** Changes the given properties of an existing entity only. */
  | { readonly type: 'merge'; readonly row: string; readonly values: EntityValues; readonly etag?: string }
  /** With `etag` only as a transaction's single write: the service's client forgets the condition among others. */
  | { readonly type: 'delete'; readonly row: string; readonly etag?: string };

/** Rows with `from` <= row, `above` < row, row < `below`, in order; one lower bound is enough. */
export type RowRange = { readonly from?: string; readonly above?: string; readonly below?: string };

/** Which rows are wanted, and what of them. */
export type RowQuery = RowRange & {
  /** What must hold for them. Every row of the range has the columns that it names. */
  readonly where?: Condition;
  /** The properties that are read, where they exist; all without. */
  readonly columns?: readonly string[];
};

/** One row, by its key, of every partition whose name is in the range. */
export type AcrossQuery = { readonly partitions: RowRange; readonly row: string } & Pick<RowQuery, 'columns'>;

export type Page = { readonly entities: readonly Entity[]; readonly continuation?: string };

export type Table = {
  get(partition: string, row: string): Promise<Entity | undefined>;
  /** One page of at most `limit` (<= 1000) entities; a page may be short, only an absent `continuation` says that it was the last.
   * Rejects with ContinuationUnusable for a continuation that no page has given out, and gives no row outside the range for any. */
  query(partition: string, query: RowQuery, limit: number, continuation?: string): Promise<Page>;
  /**
   * As `query`, over partitions, in their order. The service has no index for it and looks through all rows of the partitions: only for those
   * that are known to be small, and where most of the rows asked for are not wanted.
   */
  queryAcross(query: AcrossQuery, limit: number, continuation?: string): Promise<Page>;
  /**
   * All writes or none: at most 100, to one partition, each row once.
   * Returns the new etags in the order of the writes (empty text for deletes).
   * Throws TableConflict when a condition did not hold, TableUnavailable when the outcome is unknown or the service is busy.
   */
  write(partition: string, writes: readonly Write[]): Promise<readonly string[]>;
};

/** Throws for what the interface rules out but an implementation could not keep. */
export function refuseConditionalRemovals(writes: readonly Write[]): void {
  const found = writes.find((write) => write.type === 'delete' && write.etag !== undefined);
  if (writes.length > 1 && found !== undefined)
    throw new Error(`The removal of row '${found.row}' has a condition, so it must be a transaction's only write`);
}

/** Largest number of writes in one transaction. */
export const maxWritesPerTransaction = 100;

/** `exists`: an insert found the row there. `changed`: an etag no longer held. `missing`: the row to change or delete is not there. */
export type ConflictKind = 'exists' | 'changed' | 'missing';

export class TableConflict extends Error {
  override readonly name = 'TableConflict';
  readonly kind: ConflictKind;

  constructor(kind: ConflictKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** A query was to go on from a continuation that the table cannot have given out. */
export class ContinuationUnusable extends Error {
  override readonly name = 'ContinuationUnusable';
}

/** Throttled, timed out or unreachable: the write may or may not have happened. */
export class TableUnavailable extends Error {
  override readonly name = 'TableUnavailable';
}
