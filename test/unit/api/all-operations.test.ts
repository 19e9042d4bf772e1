// The list of operations against the functions that are registered from it.
import { readdirSync } from 'node:fs';
import functions from '@azure/functions';
import { expect, test, vi } from 'vitest';
import { allOperations } from '../../../shared/api/all-operations.js';

test('every operation is a function of its name, verb and route, and every function of a resource is an operation', async () => {
  const http = vi.spyOn(functions.app, 'http').mockImplementation(() => {});
  const entries = new URL('../../../functions/http/', import.meta.url);
  for (const name of readdirSync(entries)) await import(new URL(name, entries).pathname);
  const registered = http.mock.calls.map(([name, options]) => [name, options.methods, options.route]);
  const beside = ['catch-all', 'get-api-description', 'health'];
  expect(registered.filter(([name]) => !beside.includes(String(name))).sort()).toEqual(
    allOperations.map(({ name, verb, route }) => [name, [verb], route]).sort(),
  );
});

test('no two operations share a name, or a verb and route', () => {
  const names = allOperations.map(({ name }) => name);
  const targets = allOperations.map(({ verb, route }) => `${verb} ${route.toLowerCase()}`);
  expect(new Set(names).size).toBe(names.length);
  expect(new Set(targets).size).toBe(targets.length);
});
