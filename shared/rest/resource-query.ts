// Answering lists and single resources as `$filter`, `$select`, `$expand` and `maxresults` ask. Knows no resource.
// A list is read page by page: memory is bounded by one page, work by a number of reads; a short page leads on with a link.
import { BatchError } from '../errors.js';
import type { BatchErrorCode } from './error-catalogue.js';
import { parseFilter, type Filter, type FilterTable } from './odata-filter.js';
import { equalitiesOf, matchesFilter } from './odata-match.js';
import { applySelect, parseSelect } from './odata-select.js';
import type { OperationRequest } from './operation.js';
import { largestPage, type ItemPage, type ListRequest, type PageRequest } from './paging.js';
import { openContinuation, sealContinuation } from './continuation.js';

/** What a query needs of a request. */
export type Asked = Pick<OperationRequest, 'operation' | 'query' | 'page'>;

/** Where a list comes from. */
export type ListSource<Item> = {
  readonly filters: FilterTable;
  /** Names for `$select`; without, the list does not have it. */
  readonly properties?: readonly string[];
  /** One page, perhaps short; what does not pass the filter may be left out. */
  readPage(page: ListRequest): Promise<ItemPage<Item>>;
  /** The continuation that leads on right behind this item, so that a list with a filter need not be read in pages as small as its answers. */
  continueAfter?(item: Item, filter: Filter): string;
  /** A read by id, for filters that pin the ids; `absent` is the code that says that there is none. */
  readonly byId?: {
    read(id: string): Promise<Item>;
    readonly absent: BatchErrorCode;
    /** By which filters name it, where that is not `id`. */
    readonly property?: string;
  };
  /** The item as shown, or undefined when there is nothing to show of it. */
  toResource(item: Item): object | undefined;
};

/** Query parameters of a list, and of one resource, for the options of its operation. */
export const listQuery = ['$filter', '$select', '$expand', 'maxresults'] as const;
export const getQuery = ['$select', '$expand'] as const;

/** Reads of pages, or of ids, that one request may cost. */
const maxPages = 20;
const growth = 4;
const maxIdReads = 200;
const idReadsAtOnce = 20;

/** One page of a list. Throws InvalidQueryParameterValue for a query that cannot be used, and what the source throws. */
export async function listResources<Item>(asked: Asked, source: ListSource<Item>): Promise<ItemPage<object>> {
  requireExpandable(asked);
  const select = parseSelect(asked.query('$select'), source.properties ?? []);
  const expression = asked.query('$filter');
  const filter = expression === undefined ? undefined : parseFilter(expression, source.filters);
  const ids = filter && source.byId && equalitiesOf(filter, source.byId.property ?? 'id');
  const scope = `${asked.operation}${ids ? ' by id' : ''}`;
  const { limit, continuation } = asked.page;
  const from = { limit, ...(continuation !== undefined && { continuation: openContinuation(scope, continuation) }) };
  const page = await (ids ? readById(from, source, ids, filter) : readThrough(from, source, filter));
  return {
    items: page.items.map((resource) => applySelect(select, resource)),
    ...(page.continuation !== undefined && { continuation: sealContinuation(scope, page.continuation) }),
  };
}

/** One resource as `$select` and `$expand` ask. Throws InvalidQueryParameterValue. */
export function selectFrom(asked: Pick<Asked, 'query'>, resource: object, properties: readonly string[]): object {
  requireExpandable(asked);
  return applySelect(parseSelect(asked.query('$select'), properties), resource);
}

// Without `continueAfter` a link can only lead on behind a whole page, so the reads ask for no more than is still wanted. With it, where
// few items pass a filter, they ask for more and more.
async function readThrough<Item>(
  { limit, continuation }: PageRequest,
  source: ListSource<Item>,
  filter: Filter | undefined,
): Promise<ItemPage<object>> {
  const items: object[] = [];
  const mayCut = filter !== undefined && source.continueAfter !== undefined;
  let size = limit;
  let next = continuation;
  for (let pages = 0; pages < maxPages && items.length < limit; pages += 1) {
    const page = await source.readPage({
      limit: mayCut ? size : limit - items.length,
      ...(next !== undefined && { continuation: next }),
      ...(filter && { filter }),
    });
    for (const [index, item] of page.items.entries()) {
      items.push(...shown(item, source, filter));
      const isCut = items.length >= limit && index < page.items.length - 1;
      if (isCut && filter && source.continueAfter) return { items, continuation: source.continueAfter(item, filter) };
    }
    size = Math.min(largestPage, size * growth);
    next = page.continuation;
    if (next === undefined) break;
  }
  return { items, ...(next !== undefined && { continuation: next }) };
}

// The continuation counts the ids done: the next link repeats the filter, and with it the ids in their order.
async function readById<Item>(
  { limit, continuation = '0' }: PageRequest,
  source: ListSource<Item>,
  ids: readonly string[],
  filter: Filter,
): Promise<ItemPage<object>> {
  const ordered = ids.map((id) => id.toLowerCase()).sort();
  const end = ordered.length;
  let done = Number(continuation);
  const items: object[] = [];
  const last = Math.min(end, done + maxIdReads);
  while (done < last && items.length < limit) {
    const some = ordered.slice(done, Math.min(last, done + Math.min(idReadsAtOnce, limit - items.length)));
    const found = await Promise.all(some.map((id) => readIfThere(source, id)));
    items.push(...found.flat().flatMap((item) => shown(item, source, filter)));
    done += some.length;
  }
  return { items, ...(done < end && { continuation: String(done) }) };
}

async function readIfThere<Item>({ byId }: ListSource<Item>, id: string): Promise<readonly Item[]> {
  if (!byId || !isPossibleId(id)) return [];
  try {
    return [await byId.read(id)];
  } catch (error) {
    // An id that nothing has is an item fewer, not a failure of the list.
    if (error instanceof BatchError && error.code === byId.absent) return [];
    throw error;
  }
}

function shown<Item>(item: Item, source: ListSource<Item>, filter: Filter | undefined): object[] {
  const resource = source.toResource(item);
  return resource !== undefined && (filter === undefined || matchesFilter(filter, resource)) ? [resource] : [];
}

// Statistics are the only thing that can be expanded, and there are none yet: absent, as on a young resource of the service.
function requireExpandable({ query }: Pick<Asked, 'query'>): void {
  const expand = query('$expand');
  if (expand === undefined || expand === 'stats') return;
  throw new BatchError('InvalidQueryParameterValue', 'Only stats can be expanded.', {
    QueryParameterName: '$expand',
    QueryParameterValue: expand.slice(0, 128),
    Reason: 'Only stats can be expanded',
  });
}

/** Whether anything can have this id: ids of jobs made by a schedule hold a colon. */
function isPossibleId(id: string): boolean {
  return /^[A-Za-z0-9_:-]{1,128}$/.test(id);
}

/** The id in the path of a request. Throws InvalidUri for what can be no id. */
export function pathId({ param }: Pick<OperationRequest, 'param'>, name: string): string {
  const id = param(name);
  if (isPossibleId(id)) return id;
  throw new BatchError('InvalidUri', `The URL names an id that cannot exist: '${id.slice(0, 128)}'.`);
}
