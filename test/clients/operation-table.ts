// What each client asked of each operation, and the statuses that it met: as a table, by what was on the wire.
import { allOperations } from '../../shared/api/all-operations.js';
import { unsupportedOperations } from '../../shared/api/unsupported-operations.js';
import type { ClientName, Exchange } from './wire.js';

const clients: readonly ClientName[] = ['js', 'python', 'az'];

type Row = { readonly name: string; readonly verb: string; readonly pattern: RegExp };

const rows: readonly Row[] = [
  ...allOperations.map(({ name, verb, route }) => ({ name, verb, pattern: toPattern(route) })),
  ...Object.entries(unsupportedOperations).flatMap(([route, verbs]) =>
    Object.entries(verbs).map(([verb, name]) => ({ name, verb, pattern: toPattern(route) })),
  ),
];

/** One line an operation, those that nobody asked for as well. */
export function toOperationTable(exchanges: readonly Exchange[]): string {
  const met = new Map<string, Set<number>>();
  for (const { client, method, target, status } of exchanges) {
    const path = (target.split('?')[0] ?? '').slice(1);
    const row = rows.find(({ verb, pattern }) => verb === method && pattern.test(path));
    if (row === undefined || client === undefined) continue;
    const key = `${row.name} ${client}`;
    met.set(key, (met.get(key) ?? new Set()).add(status));
  }
  const shown = (name: string, client: ClientName): string =>
    [...(met.get(`${name} ${client}`) ?? [])].sort((one, other) => one - other).join(' ') || '-';
  const width = Math.max(...rows.map(({ name }) => name.length));
  const line = (name: string, cells: readonly string[]): string =>
    [name.padEnd(width), ...cells.map((cell) => cell.padEnd(20))].join('  ').trimEnd();
  return [
    line('operation', clients),
    ...rows.map(({ name }) =>
      line(
        name,
        clients.map((client) => shown(name, client)),
      ),
    ),
  ].join('\n');
}

function toPattern(route: string): RegExp {
  const source = route
    .replace(/[()]/g, '\\$&')
    .replace(/\{[^}]*\}\/\{\*[^}]*\}$|\{\*[^}]*\}$/, '.+')
    .replace(/\{[^}]*\}/g, '[^/]+');
  return new RegExp(`^${source}$`, 'i');
}
