// The checker of answers itself: what it finds, and that it finds nothing where nothing is wrong.
import { describe, expect, test } from 'vitest';
import { checkAnswer } from '../../helpers/check-answer.js';

const common = { 'request-id': '11111111-2222-4333-8444-555555555555', dataserviceversion: '3.0' };
const json = { ...common, 'content-type': 'application/json;odata=minimalmetadata' };
const validators = { etag: '0x8DC0FFEE', 'last-modified': 'Wed, 25 Nov 2026 22:00:00 GMT' };
const counts = { active: 0, running: 0, completed: 0, succeeded: 0, failed: 0 };
const taskCounts = { 'odata.metadata': 'm', taskCounts: counts, taskSlotCounts: counts };
const refusal = { 'odata.metadata': 'm', code: 'JobNotFound', message: { lang: 'en-US', value: 'There is no job.' } };

const faultsOf = (
  method: string,
  target: string,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown = '',
): readonly string[] =>
  checkAnswer(method, target, status, headers, typeof body === 'string' ? body : JSON.stringify(body)).faults;

describe('an answer is as described', () => {
  test.each([
    ['GET', '/jobs/j/taskcounts?api-version=1', 200, json, taskCounts],
    ['get', '/Jobs/j/TaskCounts', 200, json, taskCounts],
    ['DELETE', '/jobs/j', 202, common, ''],
    ['GET', '/jobs?$select=id', 200, json, { 'odata.metadata': 'm', value: [{ id: 'j' }] }],
    ['GET', '/jobs/j?api-version=1&%24select=id', 200, { ...json, ...validators }, { 'odata.metadata': 'm', id: 'j' }],
    ['GET', '/jobs/j', 404, json, refusal],
    ['GET', '/jobs/j', 304, common, ''],
    ['HEAD', '/pools/p', 404, common, ''],
    ['GET', '/nothing', 404, json, { ...refusal, code: 'ResourceNotFound' }],
  ])('%s %s %i', (method, target, status, headers, body) => {
    expect(faultsOf(method, target, status, headers, body)).toEqual([]);
  });
});

describe('an answer is not as described', () => {
  test.each([
    ['a status that the operation does not have', 'GET', '/jobs/j/taskcounts', 206, json, taskCounts, /status 206/],
    ['a value of another type', 'GET', '/jobs/j/taskcounts', 200, json, { ...taskCounts, taskCounts: 1 }, /taskCounts/],
    ['a property too much', 'GET', '/jobs/j/taskcounts', 200, json, { ...taskCounts, more: 1 }, /more/],
    ['a property too few', 'GET', '/jobs/j/taskcounts', 200, json, { 'odata.metadata': 'm' }, /taskCounts/],
    ['a body that is no JSON', 'GET', '/jobs/j/taskcounts', 200, json, '<html>', /no JSON/],
    ['a body where none belongs', 'DELETE', '/jobs/j', 202, common, '{}', /none belongs/],
    ['another content type', 'GET', '/jobs/j', 404, { ...json, 'content-type': 'text/html' }, refusal, /content type/],
    ['a header too few', 'DELETE', '/jobs/j', 202, { dataserviceversion: '3.0' }, '', /request-id is missing/],
    ['a header of another form', 'DELETE', '/jobs/j', 202, { ...common, 'request-id': 'x' }, '', /request-id is 'x'/],
    ['a code of another status', 'GET', '/jobs/j', 409, json, refusal, /JobNotFound/],
    ['a code that there is not', 'GET', '/jobs/j', 404, json, { ...refusal, code: 'Gone' }, /Gone/],
    ['a success where there is no operation', 'GET', '/nothing', 200, json, {}, /no operation/],
    ['a job that lacks nearly everything', 'GET', '/jobs/j', 200, { ...json, ...validators }, { id: 'j' }, /priority/],
  ])('%s', (_, method, target, status, headers, body, fault) => {
    expect(faultsOf(method, target, status, headers, body).join('\n')).toMatch(fault);
  });
});
