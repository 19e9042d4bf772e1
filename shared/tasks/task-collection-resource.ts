// Adding up to a hundred tasks with one request: each succeeds or fails on its own, and its result says which.
// https://learn.microsoft.com/rest/api/batchservice/task/addcollection
import type { Shown } from '../rest/answer-types.js';
import type { batchErrorOfOne } from '../rest/error-schema.js';
import type { taskAddResults } from './task-schema.js';
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { BatchError } from '../errors.js';
import { errorCatalogue } from '../rest/error-catalogue.js';
import { etagOf } from '../rest/etag.js';
import { idText } from '../rest/body-types.js';
import { parseBody } from '../rest/request-body.js';
import { parseTaskAdd, taskAddBody, taskUrl } from './task-resource.js';
import type { Task, TaskDefinition } from './task.js';

/** Batch's bound on one collection. */
const maxTasks = 100;

/** What a collection is to be. A task that is not valid is refused by itself, so they are read one by one. */
export const taskCollectionBody = z
  .strictObject({ value: z.array(taskAddBody).max(maxTasks) })
  .register(named, { id: 'TaskAddCollectionParameter' });
const collectionBody = z.strictObject({ value: z.array(z.unknown()).max(maxTasks, `expected at most ${maxTasks}`) });
// Without an id a result could not say which task it is about.
const identifiedBody = z.looseObject({ id: idText });

/** What became of one task of a collection: it exists now, or why it does not. */
export type TaskResult = { readonly taskId: string; readonly task?: Task; readonly error?: BatchError };

/** A collection as read from a request: the tasks that can be added, and a result for each that cannot. */
export type TaskCollection = {
  readonly definitions: readonly TaskDefinition[];
  readonly refused: readonly TaskResult[];
};

/**
 * The tasks in the body of Add Task Collection, as yet unread.
 * Throws BatchError for a body that is no collection, or one of more than 100 tasks.
 */
export function parseTaskCollection(json: unknown): unknown[] {
  return parseBody(collectionBody, json).value;
}

/** Reads each task as Add Task would. Throws BatchError for a task without a valid id. */
export function readTaskCollection(json: unknown, inheritedRetryCount: number): TaskCollection {
  const definitions: TaskDefinition[] = [];
  const refused: TaskResult[] = [];
  for (const item of parseTaskCollection(json)) {
    const { id } = parseBody(identifiedBody, item);
    try {
      definitions.push(parseTaskAdd(item, inheritedRetryCount));
    } catch (error) {
      // A fault in one task is that task's result; the others of the collection are added.
      if (!(error instanceof BatchError)) throw error;
      refused.push({ taskId: id, error });
    }
  }
  return { definitions, refused };
}

/** The answer to Add Task Collection, in any order. */
export function toTaskAddResults(
  jobId: string,
  results: readonly TaskResult[],
  baseUrl: string,
): Shown<typeof taskAddResults> {
  return { value: results.map((result) => toTaskAddResult(jobId, result, baseUrl)) };
}

function toTaskAddResult(
  jobId: string,
  { taskId, task, error }: TaskResult,
  baseUrl: string,
): Shown<typeof taskAddResults>['value'][number] {
  if (task)
    return {
      status: 'success',
      taskId,
      eTag: etagOf(task.lastModified),
      lastModified: task.lastModified,
      location: taskUrl(jobId, taskId, baseUrl),
    };
  return {
    status: isServerFault(error) ? 'servererror' : 'clienterror',
    taskId,
    ...(error && { error: toError(error) }),
  };
}

function isServerFault(error: BatchError | undefined): boolean {
  return error === undefined || errorCatalogue[error.code].status >= 500;
}

function toError({ code, message, values }: BatchError): Shown<typeof batchErrorOfOne> {
  const pairs = Object.entries(values).map(([key, value]) => ({ key, value }));
  return { code, message: { lang: 'en-US', value: message }, ...(pairs.length > 0 && { values: pairs }) };
}
