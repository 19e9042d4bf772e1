// Counts HTTP requests as they leave the process, so retries are seen, by host and port; for tables, which partition they are about.
import { subscribe } from 'node:diagnostics_channel';
import { AsyncLocalStorage } from 'node:async_hooks';
import { ClientRequest } from 'node:http';
import type { TableClient, TransactionAction } from '@azure/data-tables';
import type { Count } from './counter.js';

type TableWrite = { readonly verb: string; readonly partition: string };
/** What a table request does whose address does not tell. */
const tableWrite = new AsyncLocalStorage<TableWrite>();

export function countRequests(count: Count): void {
  subscribe('http.client.request.start', (message) => {
    const request: unknown = Reflect.get(Object(message), 'request');
    if (!(request instanceof ClientRequest)) return;
    const at = String(request.getHeader('host') ?? request.host);
    count({ kind: 'request', at, what: describe(request.method, request.path) });
  });
}

/** Has the partitions of table writes told whose address does not name them: inserts and transactions. */
export function tellPartitions({ prototype }: typeof TableClient): void {
  const { createEntity, submitTransaction } = prototype;
  prototype.createEntity = function (entity, ...rest) {
    return tableWrite.run({ verb: 'insert', partition: entity.partitionKey }, () =>
      createEntity.call(this, entity, ...rest),
    );
  };
  prototype.submitTransaction = function (actions, ...rest) {
    return tableWrite.run({ verb: 'transaction', partition: partitionOf(actions) }, () =>
      submitTransaction.call(this, actions, ...rest),
    );
  };
}

function partitionOf(actions: readonly TransactionAction[]): string {
  return actions[0]?.[1].partitionKey ?? '';
}

function describe(method: string, path: string): string {
  const write = tableWrite.getStore();
  if (write !== undefined) return `${write.verb} ${sortOf(write.partition)}`;
  const text = decodeURIComponent(path.replaceAll('+', ' '));
  const entity = /\(PartitionKey='([^']*)',RowKey='([^']*)'\)/.exec(text);
  if (entity !== null) return `${method === 'GET' ? 'get' : method.toLowerCase()} ${sortOf(entity[1] ?? '')}`;
  const query = /PartitionKey eq '([^']*)'/.exec(text);
  if (query !== null) return `query ${sortOf(query[1] ?? '')}`;
  return `${method} ${text.split(/[?(]/)[0]?.slice(0, 60) ?? ''}`;
}

/** `job:…` and `pool:…` are one partition per job and pool. */
function sortOf(partition: string): string {
  return partition.split(':')[0] ?? '';
}
