// Reading rows page by page on a caller's behalf, with continuations that lead on behind any row and not only behind a whole page.
import { ContinuationUnusable, type AcrossQuery, type Entity, type Page, type RowQuery, type Table } from './table.js';

export type RowPage = { readonly rows: readonly Entity[]; readonly continuation?: string };
/** `continuation` is one that the same function, or its `continueAfter…`, gave. */
export type RowPageRequest = { readonly limit: number; readonly continuation?: string };

/** How continuations begin: those behind a row, and those that the table gave. */
type Marks = { readonly after: string; readonly token: string };
const withinMarks: Marks = { after: 'after:', token: 'token:' };
// Of their own: pools are listed in both ways, and a link of the one says nothing about the other.
const acrossMarks: Marks = { after: 'after partition:', token: 'token across:' };

/** The continuation that leads on right behind this row. */
export const continueAfterRow = (row: string): string => `${withinMarks.after}${row}`;
/** The continuation that leads on right behind this partition, in a list that has one row of each. */
export const continueAfterPartition = (partition: string): string => `${acrossMarks.after}${partition}`;

/** One page, perhaps short, of at most `limit` rows (<= 1000). */
export async function readRows(
  table: Pick<Table, 'query'>,
  partition: string,
  query: RowQuery,
  { limit, continuation }: RowPageRequest,
): Promise<RowPage> {
  const { range, token } = toStart(query, withinMarks, continuation);
  if (isEmpty(range)) return { rows: [] };
  return toRowPage(await table.query(partition, range, limit, token), withinMarks);
}

/** One page, perhaps short, of at most `limit` rows (<= 1000), one of each partition. */
export async function readAcross(
  table: Pick<Table, 'queryAcross'>,
  query: AcrossQuery,
  { limit, continuation }: RowPageRequest,
): Promise<RowPage> {
  const { range: partitions, token } = toStart(query.partitions, acrossMarks, continuation);
  if (isEmpty(partitions)) return { rows: [] };
  return toRowPage(await table.queryAcross({ ...query, partitions }, limit, token), acrossMarks);
}

function toStart(query: RowQuery, marks: Marks, continuation: string | undefined): { range: RowQuery; token?: string } {
  if (continuation === undefined) return { range: query };
  if (continuation.startsWith(marks.token)) return { range: query, token: continuation.slice(marks.token.length) };
  if (!continuation.startsWith(marks.after)) throw new ContinuationUnusable('The continuation is that of another list');
  const { from, ...rest } = query;
  const above = continuation.slice(marks.after.length);
  // One that no list has given out must not lead to rows of another kind.
  return { range: from !== undefined && above < from ? query : { ...rest, above } };
}

const toRowPage = ({ entities, continuation }: Page, marks: Marks): RowPage => ({
  rows: entities,
  ...(continuation !== undefined && { continuation: `${marks.token}${continuation}` }),
});

const isEmpty = ({ from, above, below }: RowQuery): boolean =>
  below !== undefined && ((from !== undefined && from >= below) || (above !== undefined && above >= below));
