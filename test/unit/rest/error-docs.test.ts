// The catalogue of errors, what is told of it, and the source: none says what the others do not.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { errorCatalogue } from '../../../shared/rest/error-catalogue.js';
import { errorOccasions } from '../../../shared/rest/error-occasions.js';
import { renderErrorDocs } from '../../../tools/error-docs/render.js';

const project = fileURLToPath(new URL('../../../', import.meta.url));
const aboutErrors = ['error-catalogue.ts', 'error-occasions.ts'];

/** What the app and the local host's answers can say; the catalogue itself does not count. */
const source = [...filesIn('shared'), ...filesIn('functions'), 'local/batch-answers.ts']
  .filter((file) => !aboutErrors.some((name) => file.endsWith(name)))
  .map((file) => readFileSync(`${project}${file}`, 'utf8'))
  .join('\n');

function filesIn(folder: string): string[] {
  return readdirSync(`${project}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`);
}

const isSaid = (code: string): boolean => source.includes(`'${code}'`);
const codes = Object.entries(errorOccasions);

test('docs/errors.md is what `npm run docs:errors` makes of the catalogue', () => {
  expect(readFileSync(`${project}docs/errors.md`, 'utf8')).toBe(renderErrorDocs());
});

describe('a code of the catalogue', () => {
  test('that is told to occur is named in the source: else change shared/rest/error-occasions.ts', () => {
    expect(codes.flatMap(([code, occasion]) => ('when' in occasion && !isSaid(code) ? [code] : []))).toEqual([]);
  });

  test('that is told never to occur is not: else change shared/rest/error-occasions.ts', () => {
    expect(codes.flatMap(([code, occasion]) => ('never' in occasion && isSaid(code) ? [code] : []))).toEqual([]);
  });

  test('that another one stands for names one that occurs', () => {
    const named = codes.flatMap(([, occasion]) => {
      const [code] = 'never' in occasion ? (/^(\w+) says it$/.exec(occasion.never)?.slice(1) ?? []) : [];
      return code === undefined ? [] : [code];
    });
    expect(named.length).toBeGreaterThan(5);
    for (const code of named) expect(errorOccasions[code as keyof typeof errorOccasions]).toHaveProperty('when');
  });

  test('has its row', () => {
    const docs = renderErrorDocs();
    for (const [code, { status }] of Object.entries(errorCatalogue)) expect(docs).toContain(`| ${code} | ${status} |`);
  });
});
