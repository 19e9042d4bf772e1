import { describe, expect, test } from 'vitest';
import { createRouteTable, type HttpFunction } from '../../../local/functions-host/http/route-table.js';
import { compareRoutes, matchRoute, parseRouteTemplate } from '../../../local/functions-host/http/route-template.js';

describe('a route template', () => {
  const cases: [template: string, path: string, params: Record<string, string> | undefined][] = [
    ['jobs', '/jobs', {}],
    ['jobs', '/JOBS/', {}],
    ['jobs', '/jobs//', undefined],
    ['jobs', '//jobs', undefined],
    ['jobs', '/jobs/a', undefined],
    ['', '/', {}],
    ['', '/a', undefined],
    ['jobs/{jobId}', '/jobs/a', { jobId: 'a' }],
    ['jobs/{jobId}', '/jobs/a/', { jobId: 'a' }],
    ['jobs/{jobId}', '/jobs/', undefined],
    ['jobs/{jobId}', '/jobs/Schedule%3Ajob-1', { jobId: 'Schedule:job-1' }],
    ['files/{file}', '/files/wd%2Fout%20put.txt', { file: 'wd/out put.txt' }],
    ['files/{file}', '/files/shared%5Cjob.txt', { file: 'shared\\job.txt' }],
    ['files/{file}', '/files/a%252Fb', { file: 'a%2Fb' }],
    ['files/{file}', '/files/a/b', undefined],
    ['files/{file}', '/files/50%', { file: '50%' }],
    ['files/{file}', '/files/%FF', { file: '%FF' }],
    ['files/{file?}', '/files', {}],
    ['files/{file?}', '/files/', {}],
    ['files/{file?}', '/files/a', { file: 'a' }],
    ['files/{file?}', '/files//', undefined],
    ['files/{*path}', '/files', {}],
    ['files/{*path}', '/files/a%20b/c//d', { path: 'a b/c//d' }],
    ['{**all}', '/', {}],
    ['{*all}', '/a/b', { all: 'a/b' }],
    ['v{major}.{minor}/x', '/v1.2/x', { major: '1', minor: '2' }],
    ['v{major}.{minor}/x', '/v12/x', undefined],
    ['jobs/{__proto__}', '/jobs/a', JSON.parse('{"__proto__":"a"}') as Record<string, string>],
  ];
  test.each(cases)('%s matches %s with %o', (template, path, params) => {
    expect(matchRoute(parseRouteTemplate(template), path)).toEqual(params);
  });

  test.each(['{a}/{a}', '{id:int}', '{id=1}', '{*a}/b', '{a?}/b', 'a{b', '{}'])('%s is refused by name', (template) => {
    expect(() => parseRouteTemplate(template)).toThrow(`Route "${template}"`);
  });

  test('goes before another that is less specific, then shorter', () => {
    const wanted = [
      'jobs/new/{a}',
      'jobs/new',
      'jobs/v{a}',
      'jobs/{a}/tasks',
      'jobs/{a}',
      'jobs/{*a}',
      'jobs',
      '{a}',
      '{*a}',
    ];
    const sorted = [...wanted].reverse().map(parseRouteTemplate).sort(compareRoutes);
    expect(sorted.map(({ text }) => text)).toEqual(wanted);
  });
});

describe('the route table', () => {
  const table = (routes: readonly [string, readonly string[]][], prefix = '') =>
    createRouteTable(
      routes.map(([route, methods]) => httpFunction(route, methods)),
      prefix,
    );

  test('falls through to a catch-all when only the method does not fit', () => {
    const routes = table([
      ['{*all}', ['GET', 'POST']],
      ['jobs', ['GET']],
    ]);
    expect(routes.find('GET', '/jobs')?.httpFunction.name).toBe('jobs');
    expect(routes.find('POST', '/jobs')?.httpFunction.name).toBe('{*all}');
    expect(routes.find('HEAD', '/jobs')).toBeUndefined();
  });

  test('puts the prefix of host.json before every route', () => {
    const routes = table([['jobs', ['GET']]], 'api');
    expect(routes.find('GET', '/api/jobs')?.httpFunction.name).toBe('jobs');
    expect(routes.find('GET', '/jobs')).toBeUndefined();
  });

  test('refuses two functions for the same method and route, whatever their parameters are called', () => {
    const twice: [string, string[]][] = [
      ['jobs/{id}', ['GET']],
      ['Jobs/{jobId}', ['POST', 'GET']],
    ];
    expect(() => table(twice)).toThrow(/both answer GET/);
  });
});

function httpFunction(route: string, methods: readonly string[]): HttpFunction {
  const registered = { metadata: { name: route, bindings: {} }, callback: () => undefined };
  return {
    name: route,
    registered,
    bindingName: 'request',
    trigger: { kind: 'http', route, methods, authLevel: 'anonymous' },
  };
}
