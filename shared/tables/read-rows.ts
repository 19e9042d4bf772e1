// Reading rows page by page on a caller's behalf, with continuations that lead on behind any row and not only behind a whole page.
import type { Entity, RowQuery, Table } from './table.js';

export type RowPage = { readonly rows: readonly Entity[]; readonly continuation?: string };

/** The continuation that leads on right behind this row. */
export const continueAfterRow = (row: string): string => `after:${row}`;
const tokenMark = 'token:';

/** One page, perhaps short, of at most `limit` rows (<= 1000); `continuation` is one that this function or `continueAfterRow` gave. */
export async function readRows(
  table: Pick<Table, 'query'>,
  partition: string,
  query: RowQuery,
  { limit, continuation }: { readonly limit: number; readonly continuation?: string },
): Promise<RowPage> {
  const { range, token } = toStart(query, continuation);
  if (isEmpty(range)) return { rows: [] };
  const page = await table.query(partition, range, limit, token);
  return {
    rows: page.entities,
    ...(page.continuation !== undefined && { continuation: `${tokenMark}${page.continuation}` }),
  };
}

function toStart(query: RowQuery, continuation: string | undefined): { range: RowQuery; token?: string } {
  if (continuation === undefined) return { range: query };
  if (continuation.startsWith(tokenMark)) return { range: query, token: continuation.slice(tokenMark.length) };
  const { from, ...rest } = query;
  const above = continuation.slice(continueAfterRow('').length);
  // One that no list has given out must not lead to rows of another kind.
  return { range: from !== undefined && above < from ? query : { ...rest, above } };
}

const isEmpty = ({ from, above, below }: RowQuery): boolean =>
  below !== undefined && ((from !== undefined && from >= below) || (above !== undefined && above >= below));
