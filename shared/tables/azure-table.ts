// The table in Azure Table Storage or Azurite, through the official client. Maps its errors to the three that callers act on.
import { odata, TableClient, type TransactionAction } from '@azure/data-tables';
import { refuseUnaskable, type Condition } from './condition.js';
import {
  ContinuationUnusable,
  refuseConditionalRemovals,
  TableConflict,
  TableUnavailable,
  type ConflictKind,
  type Entity,
  type EntityValues,
  type Page,
  type RowRange,
  type Table,
  type Write,
} from './table.js';

type WireEntity = { partitionKey?: string; rowKey?: string; etag: string } & Record<string, unknown>;

/** Opens table `name` behind a storage connection string; creates it when it is first used and missing. Plain HTTP is for the embedded stack. */
export function createAzureTable(connectionString: string, name: string): Table {
  const client = TableClient.fromConnectionString(connectionString, name, {
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 3, retryDelayInMs: 100, maxRetryDelayInMs: 1000 },
  });
  const withTable = async <T>(attempt: () => Promise<T>): Promise<T> => {
    try {
      return await attempt();
    } catch (error) {
      if (codeOf(error) !== 'TableNotFound') throw error;
      await client.createTable();
      return attempt();
    }
  };
  const query = async (
    asked: WireQuery,
    limit: number,
    continuation: string | undefined,
    about: string,
  ): Promise<Page> => {
    try {
      return await withTable(() => queryPage(client, asked, limit, continuation));
    } catch (error) {
      if (continuation !== undefined && statusOf(error) === 400)
        throw new ContinuationUnusable('The table does not know the continuation', { cause: error });
      throw toTableError(error, `querying ${about}`);
    }
  };
  return {
    async get(partition, row) {
      try {
        return fromWire(await withTable(() => client.getEntity<WireEntity>(partition, row)));
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw toTableError(error, `reading ${partition} ${row}`);
      }
    },
    async query(partition, { where, columns, ...range }, limit, continuation) {
      if (where) refuseUnaskable(where);
      const filter = [
        odata`PartitionKey eq ${partition}`,
        ...toBounds('RowKey', range),
        ...(where === undefined ? [] : [toFilterText(where)]),
      ];
      return query({ filter, columns }, limit, continuation, partition);
    },
    async queryAcross({ partitions, row, columns }, limit, continuation) {
      const filter = [...toBounds('PartitionKey', partitions), odata`RowKey eq ${row}`];
      return query({ filter, columns }, limit, continuation, `${row} of partitions`);
    },
    async write(partition, writes) {
      const [only] = writes;
      if (only === undefined) return [];
      refuseConditionalRemovals(writes);
      try {
        return await withTable(() =>
          writes.length === 1 ? writeOne(client, partition, only) : writeAll(client, partition, writes),
        );
      } catch (error) {
        throw toTableError(error, `writing ${writes.length} entities of ${partition}`);
      }
    },
  };
}

/** Conditions that must all hold, and the properties that are read. */
type WireQuery = { readonly filter: readonly string[]; readonly columns: readonly string[] | undefined };

async function queryPage(
  client: TableClient,
  { filter, columns }: WireQuery,
  limit: number,
  continuation?: string,
): Promise<Page> {
  if (continuation !== undefined) requireContinuation(continuation);
  const select = columns && ['PartitionKey', 'RowKey', ...columns];
  const pages = client
    .listEntities<WireEntity>({ queryOptions: { filter: filter.join(' and '), ...(select && { select }) } })
    .byPage({ maxPageSize: limit, ...(continuation === undefined ? {} : { continuationToken: continuation }) });
  const page = (await pages.next()) as IteratorResult<WireEntity[] & { continuationToken?: string }>;
  if (page.done === true) return { entities: [] };
  const { continuationToken } = page.value;
  return {
    entities: page.value.map(fromWire),
    ...(continuationToken === undefined ? {} : { continuation: continuationToken }),
  };
}

function toBounds(key: 'PartitionKey' | 'RowKey', { from, above, below }: RowRange): readonly string[] {
  return [
    ...(from === undefined ? [] : [`${key} ge${odata` ${from}`}`]),
    ...(above === undefined ? [] : [`${key} gt${odata` ${above}`}`]),
    ...(below === undefined ? [] : [`${key} lt${odata` ${below}`}`]),
  ];
}

// Names were checked; the client quotes a value that stands behind something else.
function toFilterText(condition: Condition): string {
  if (condition.type === 'compare') return `${condition.column} ${condition.operator}${odata` ${condition.value}`}`;
  return `(${condition.parts.map(toFilterText).join(condition.type === 'all' ? ' and ' : ' or ')})`;
}

// The client takes a continuation apart before it asks, and fails on what it cannot have made.
function requireContinuation(token: string): void {
  try {
    const keys: unknown = JSON.parse(Buffer.from(token, 'base64').toString('latin1'));
    if (typeof keys === 'object' && keys !== null && 'nextPartitionKey' in keys) return;
  } catch {
    // Told below.
  }
  throw new ContinuationUnusable('The continuation is none of the table client');
}

async function writeOne(client: TableClient, partition: string, write: Write): Promise<readonly string[]> {
  const key = { partitionKey: partition, rowKey: write.row };
  switch (write.type) {
    case 'insert':
      return [(await client.createEntity({ ...write.values, ...key })).etag ?? ''];
    case 'replace':
      return [(await client.updateEntity({ ...write.values, ...key }, 'Replace', { etag: write.etag })).etag ?? ''];
    case 'merge':
      return [
        (await client.updateEntity({ ...write.values, ...key }, 'Merge', { etag: write.etag ?? '*' })).etag ?? '',
      ];
    case 'upsert':
      return [(await client.upsertEntity({ ...write.values, ...key }, 'Replace')).etag ?? ''];
    case 'delete':
      await client.deleteEntity(partition, write.row, { etag: write.etag ?? '*' });
      return [''];
  }
}

async function writeAll(client: TableClient, partition: string, writes: readonly Write[]): Promise<readonly string[]> {
  const answer = await client.submitTransaction(writes.map((write) => toAction(partition, write)));
  return answer.subResponses.map((response) => response.etag ?? '');
}

function toAction(partition: string, write: Write): TransactionAction {
  const key = { partitionKey: partition, rowKey: write.row };
  switch (write.type) {
    case 'insert':
      return ['create', { ...write.values, ...key }];
    case 'replace':
      return ['update', { ...write.values, ...key }, 'Replace', { etag: write.etag }];
    case 'merge':
      return ['update', { ...write.values, ...key }, 'Merge', { etag: write.etag ?? '*' }];
    case 'upsert':
      return ['upsert', { ...write.values, ...key }, 'Replace'];
    case 'delete':
      return ['delete', key];
  }
}

function fromWire(wire: WireEntity): Entity {
  const values: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(wire)) {
    if (name === 'partitionKey' || name === 'rowKey' || name === 'etag' || name === 'timestamp') continue;
    // What the service says about its answer, not a property of the entity.
    if (name.startsWith('odata.')) continue;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') values[name] = value;
  }
  return {
    partition: wire.partitionKey ?? '',
    row: wire.rowKey ?? '',
    values: values satisfies EntityValues,
    etag: wire.etag,
  };
}

const conflicts: Readonly<Record<string, ConflictKind>> = {
  EntityAlreadyExists: 'exists',
  UpdateConditionNotSatisfied: 'changed',
  ConditionNotMet: 'changed',
  ResourceNotFound: 'missing',
  EntityNotFound: 'missing',
};

const conflictsByStatus: Readonly<Record<number, ConflictKind>> = { 404: 'missing', 409: 'exists', 412: 'changed' };

function toTableError(error: unknown, attempted: string): unknown {
  const status = statusOf(error);
  const kind = conflicts[codeOf(error) ?? ''] ?? (status === undefined ? undefined : conflictsByStatus[status]);
  if (kind !== undefined) return new TableConflict(kind, `While ${attempted}: ${kind}`, { cause: error });
  const busy = status === undefined ? isNetworkError(error) : status === 408 || status === 429 || status >= 500;
  return busy ? new TableUnavailable(`While ${attempted}: the table service did not answer`, { cause: error }) : error;
}

function isNetworkError(error: unknown): boolean {
  return error instanceof Error && (error.name === 'RestError' || error.name === 'AbortError');
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

// The client leaves the service's code in `code` for transactions and in `details.odataError.code` elsewhere.
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, details } = error as { code?: unknown; details?: { odataError?: { code?: unknown } } };
  const found = details?.odataError?.code ?? code;
  return typeof found === 'string' ? found : undefined;
}
