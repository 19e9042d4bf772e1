// Adding many tasks at once: which faults refuse all of them, and which one only.
import { describe, expect, test } from 'vitest';
import { BatchError } from '../../../shared/errors.js';
import { etagOf } from '../../../shared/rest/etag.js';
import {
  parseTaskCollection,
  readTaskCollection,
  toTaskAddResults,
} from '../../../shared/tasks/task-collection-resource.js';
import { parseTaskAdd } from '../../../shared/tasks/task-resource.js';
import type { Task } from '../../../shared/tasks/task.js';
import { refusalOf } from '../rest/refusal.js';

const one = { id: 't1', commandLine: 'echo' };
const many = (count: number): unknown => ({
  value: Array.from({ length: count }, (_, i) => ({ ...one, id: `t${i}` })),
});

describe('a task collection', () => {
  test('holds up to a hundred tasks', () => {
    expect(readTaskCollection(many(100), 0).definitions).toHaveLength(100);
    expect(readTaskCollection({ value: [] }, 0)).toEqual({ definitions: [], refused: [] });
  });

  test.each([
    ['more than a hundred tasks', many(101), 'InvalidPropertyValue', 'value'],
    ['no list', {}, 'MissingRequiredProperty', 'value'],
    ['something beside the list', { value: [], more: 1 }, 'UnsupportedProperty', 'more'],
    ['a task without id', { value: [one, { commandLine: 'c' }] }, 'MissingRequiredProperty', 'id'],
    ['a task with a bad id', { value: [{ ...one, id: 'a b' }] }, 'InvalidPropertyValue', 'id'],
    ['a list that is none', { value: one }, 'InvalidRequestBody', undefined],
    ['a task that is no object', { value: ['t1'] }, 'InvalidRequestBody', undefined],
  ])('with %s is refused as a whole', (_, body, code, propertyName) => {
    const refusal = refusalOf(() => readTaskCollection(body, 0));
    expect([refusal.code, refusal.values['PropertyName']]).toEqual([code, propertyName]);
  });

  test('loses only the tasks that are at fault', () => {
    const { definitions, refused } = readTaskCollection(
      { value: [one, { id: 't2' }, { ...one, id: 't3', containerSettings: { imageName: 'i' } }] },
      5,
    );
    expect(definitions).toEqual([parseTaskAdd(one, 5)]);
    expect(refused.map(({ taskId, error }) => [taskId, error?.code])).toEqual([
      ['t2', 'MissingRequiredProperty'],
      ['t3', 'UnsupportedProperty'],
    ]);
  });

  test('is read without looking into its tasks when only they are wanted', () => {
    expect(parseTaskCollection({ value: [1, 'x'] })).toEqual([1, 'x']);
  });

  test('is answered with a result for each task', () => {
    const at = '2026-01-31T12:00:00.000Z';
    const task: Task = {
      jobId: 'J',
      definition: parseTaskAdd(one, 0),
      order: 1,
      creationTime: at,
      lastModified: at,
      state: 'active',
      stateTransitionTime: at,
      execution: { retryCount: 0, requeueCount: 0 },
    };
    const error = new BatchError('InvalidPropertyValue', 'No.', { PropertyName: 'id' });
    const results = [
      { taskId: 't1', task },
      { taskId: 't2', error },
      { taskId: 't3', error: new BatchError('ServerBusy', 'Later.') },
    ];
    expect(toTaskAddResults('J', results, 'http://h')).toEqual({
      value: [
        { status: 'success', taskId: 't1', eTag: etagOf(at), lastModified: at, location: 'http://h/jobs/J/tasks/t1' },
        {
          status: 'clienterror',
          taskId: 't2',
          error: {
            code: 'InvalidPropertyValue',
            message: { lang: 'en-US', value: 'No.' },
            values: [{ key: 'PropertyName', value: 'id' }],
          },
        },
        {
          status: 'servererror',
          taskId: 't3',
          error: { code: 'ServerBusy', message: { lang: 'en-US', value: 'Later.' } },
        },
      ],
    });
  });
});
