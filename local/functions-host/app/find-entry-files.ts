// Which files the `main` glob of a package.json names, in an order that never changes.
// Supports what function apps use: **, *, ? and {a,b}; folders named node_modules are never entered.
import { readdir } from 'node:fs/promises';
import path from 'node:path';

/** The files under `appDir` that `pattern` matches, as absolute paths sorted by code unit. */
export async function findEntryFiles(appDir: string, pattern: string): Promise<string[]> {
  const normalised = path.posix.normalize(pattern.replaceAll('\\', '/'));
  const matcher = globToRegExp(normalised);
  const start = staticPrefix(normalised);
  const found: string[] = [];
  await visit(start);
  return found.sort().map((file) => path.join(appDir, file));

  async function visit(relative: string): Promise<void> {
    const entries = await readdir(path.join(appDir, relative), { withFileTypes: true }).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    });
    for (const entry of entries) {
      const name = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory()) {
        if (entry.name !== 'node_modules') await visit(name);
      } else if (matcher.test(name)) {
        found.push(name);
      }
    }
  }
}

// The folders before the first wildcard, so that a narrow glob does not walk the whole app.
function staticPrefix(pattern: string): string {
  const folders = pattern.split('/').slice(0, -1);
  const firstWild = folders.findIndex((folder) => /[*?{[]/.test(folder));
  return (firstWild === -1 ? folders : folders.slice(0, firstWild)).join('/');
}

/** The regular expression of a glob; `**` followed by a slash matches any number of folders, none included. */
export function globToRegExp(pattern: string): RegExp {
  const tokens = pattern.match(/\*\*\/|\*\*|\*|\?|[{},]|[^*?{},]+/g) ?? [];
  let depth = 0;
  const source = tokens.map((token) => {
    if (token === '**/') return '(?:[^/]+/)*';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token === '{') return (depth++, '(?:');
    if (token === '}' && depth > 0) return (depth--, ')');
    if (token === ',' && depth > 0) return '|';
    return token.replace(/[.+^$()|[\]\\{}]/g, '\\$&');
  });
  return new RegExp(`^${source.join('')}$`);
}
