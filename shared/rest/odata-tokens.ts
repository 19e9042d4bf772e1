// The words of a `$filter` expression. Knows neither grammar nor properties.

export type Token =
  | { readonly type: 'word'; readonly text: string; readonly at: number }
  | { readonly type: 'text'; readonly value: string; readonly at: number }
  | { readonly type: 'instant'; readonly text: string; readonly at: number }
  | { readonly type: 'number'; readonly value: number; readonly at: number }
  | { readonly type: 'mark'; readonly text: '(' | ')' | ','; readonly at: number }
  | { readonly type: 'end'; readonly at: number };

/** What stands in the way of reading the expression, and where (index of the character, from 0). */
export class FilterFault extends Error {
  override readonly name = 'FilterFault';
}

const forms = {
  space: /[ \t]+/y,
  // Before `word`, as the prefix looks like one.
  instant: /datetime'([^']*)'/iy,
  text: /'((?:[^']|'')*)'/y,
  number: /-?\d+(?:\.\d+)?(?![\w/.])/y,
  word: /[A-Za-z][\w/]*/y,
  mark: /[(),]/y,
};

/** Splits an expression into tokens, ended by one of type 'end'. Throws FilterFault at the first character that fits nowhere. */
export function tokenize(expression: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (form: RegExp): RegExpExecArray | null => {
    form.lastIndex = at;
    return form.exec(expression);
  };
  while (at < expression.length) {
    const space = match(forms.space);
    if (space) {
      at += space[0].length;
      continue;
    }
    const found = nextToken(match, at);
    if (found === undefined) throw new FilterFault(`unexpected character at position ${at}`);
    tokens.push(found.token);
    at += found.length;
  }
  return [...tokens, { type: 'end', at }];
}

function nextToken(
  match: (form: RegExp) => RegExpExecArray | null,
  at: number,
): { token: Token; length: number } | undefined {
  const instant = match(forms.instant);
  if (instant) return { token: { type: 'instant', text: instant[1] ?? '', at }, length: instant[0].length };
  const text = match(forms.text);
  if (text) {
    return { token: { type: 'text', value: (text[1] ?? '').replaceAll("''", "'"), at }, length: text[0].length };
  }
  const number = match(forms.number);
  if (number) return { token: { type: 'number', value: Number(number[0]), at }, length: number[0].length };
  const word = match(forms.word);
  if (word) return { token: { type: 'word', text: word[0], at }, length: word[0].length };
  const mark = match(forms.mark)?.[0];
  if (mark === '(' || mark === ')' || mark === ',') return { token: { type: 'mark', text: mark, at }, length: 1 };
  return undefined;
}
