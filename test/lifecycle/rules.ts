// The rules that docs/lifecycle.md lists, each with the test that shows it.
import { readFileSync } from 'node:fs';

export type Rule = {
  readonly rule: string;
  /** Path of the test file, and the title of the test, those of its describes before it, joined with ' > '. */
  readonly file: string;
  readonly title: string;
};

const document = new URL('../../docs/lifecycle.md', import.meta.url);

/** Every row of the document's tables. Throws on a row that names no test. */
export function readRules(): readonly Rule[] {
  return readFileSync(document, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\| rule \||^\|-/.test(line))
    .map(toRule);
}

function toRule(line: string): Rule {
  const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
  const [, rule = '', source = '', test = ''] = cells;
  const [file, title, ...more] = test.split(' › ');
  if (cells.length !== 5 || rule === '' || source === '' || !file || !title || more.length > 0)
    throw new Error(`docs/lifecycle.md: expected '| rule | source | file › title |', found '${line}'`);
  return { rule, file, title };
}
