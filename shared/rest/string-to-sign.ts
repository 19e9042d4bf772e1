// The text that a SharedKey signature is made over. Clients differ in small ways, so there may be several right ones.
import type { HttpRequest } from '@azure/functions';
import type { QueryPair, RequestUrl } from './request-url.js';

const headersBeforeLength = ['content-encoding', 'content-language'];
const headersAfterLength = [
  'content-md5',
  'content-type',
  'date',
  'if-modified-since',
  'if-match',
  'if-none-match',
  'if-unmodified-since',
  'range',
];

/**
 * The texts that count as signed, the one that follows the headers as received first, without doubles. They differ in:
 * the Content-Length of a request without body (absent, or `0`), query parameters without value (kept, or left out),
 * repeated ones (the first, or all that differ joined by commas), letter case of query names (as received, or lower), and an apostrophe in
 * the path (`%27` as received, or bare: the JavaScript client signs before its HTTP stack escapes it).
 * None of these changes what a request means, as operations take an empty parameter for an absent one and refuse one that is given twice.
 */
export function stringsToSign(
  { method, headers }: Pick<HttpRequest, 'method' | 'headers'>,
  url: RequestUrl,
  accountName: string,
): readonly string[] {
  const value = (name: string): string => headers.get(name) ?? '';
  const received = value('content-length');
  const hasNoBody = (received === '' || received === '0') && value('transfer-encoding') === '';
  const lengths = new Set(hasNoBody ? [received, '', '0'] : [received]);
  const queries = [...new Set(queriesToSign(url.query))];
  const paths = [...new Set([url.rawPath, url.rawPath.replaceAll('%27', "'")])];
  const texts = [...lengths].flatMap((length) => {
    const lines = [
      method.toUpperCase(),
      ...headersBeforeLength.map(value),
      length,
      ...headersAfterLength.map(value),
      ...ocpHeaders(headers),
    ];
    return paths.flatMap((path) => queries.map((query) => `${lines.join('\n')}\n/${accountName}${path}${query}`));
  });
  return texts;
}

function ocpHeaders(headers: HttpRequest['headers']): readonly string[] {
  return [...headers.entries()]
    .map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
    .filter(([name, value]) => name.startsWith('ocp-') && value !== '')
    .sort(([one], [other]) => compareText(one, other))
    .map(([name, value]) => `${name}:${value}`);
}

function queriesToSign(query: readonly QueryPair[]): readonly string[] {
  const choices = [false, true];
  return choices.flatMap((isLowerCase) =>
    choices.flatMap((isJoined) =>
      choices.map((leavesOutEmpty) => queryToSign(query, { isLowerCase, isJoined, leavesOutEmpty })),
    ),
  );
}

function queryToSign(
  query: readonly QueryPair[],
  { isLowerCase, isJoined, leavesOutEmpty }: { isLowerCase: boolean; isJoined: boolean; leavesOutEmpty: boolean },
): string {
  const values = new Map<string, string[]>();
  for (const pair of query) {
    if (leavesOutEmpty && pair.value === '') continue;
    const name = isLowerCase ? pair.name.toLowerCase() : pair.name;
    const known = values.get(name);
    if (!known) values.set(name, [pair.value]);
    else if (!known.includes(pair.value)) known.push(pair.value);
  }
  return [...values]
    .sort(([one], [other]) => compareText(one, other))
    .map(([name, all]) => `\n${name}:${isJoined ? all.sort(compareText).join(',') : all[0]}`)
    .join('');
}

// By UTF-16 code unit, as the clients sort.
function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
