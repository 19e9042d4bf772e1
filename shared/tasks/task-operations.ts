// The operations on tasks themselves. https://learn.microsoft.com/rest/api/batchservice/task
import { loadStoredJob } from '../jobs/read-jobs.js';
import { getQuery, listQuery, listResources, pathId, selectFrom } from '../rest/resource-query.js';
import { toValidators } from '../rest/etag.js';
import { addTask, addTasks } from './add-tasks.js';
import { deleteTask } from './delete-task.js';
import { continueAfterTask, listTasks, loadTask } from './read-tasks.js';
import { readTaskCollection, toTaskAddResults, taskCollectionBody } from './task-collection-resource.js';
import { noSubtasks, taskFilters, taskProperties } from './task-filters.js';
import {
  parseTaskAdd,
  parseTaskUpdate,
  taskUrl,
  toTaskResource,
  taskAddBody,
  taskUpdateBody,
} from './task-resource.js';
import { updateTask } from './update-task.js';

import { countTasks } from './count-tasks.js';
import { cloudTask, subtask, taskAddResults, taskCountsResult } from './task-schema.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { changed, created, done, elementOf, entityOf, listOf } from '../rest/success.js';

export const taskOperations: readonly OperationDefinition[] = [
  {
    name: 'add-task',
    verb: 'POST',
    route: 'jobs/{jobId}/tasks',
    summary: 'Adds a task to a job.',
    body: 'required',
    bodySchema: taskAddBody,
    success: created(),
    handle: async (request, services) => {
      const seen = await loadStoredJob(services, pathId(request, 'jobId'));
      const { definition: job } = seen.job;
      const definition = parseTaskAdd(request.json, job.constraints.maxTaskRetryCount);
      const task = await addTask(services, job.id, definition, seen);
      const location = taskUrl(job.id, definition.id, request.baseUrl);
      return { location, ...toValidators(task.lastModified) };
    },
  },
  {
    name: 'add-task-collection',
    verb: 'POST',
    route: 'jobs/{jobId}/addtaskcollection',
    summary: 'Adds up to a hundred tasks; each succeeds or fails on its own.',
    body: 'required',
    bodySchema: taskCollectionBody,
    success: elementOf('taskaddresult', taskAddResults),
    handle: async (request, services) => {
      const seen = await loadStoredJob(services, pathId(request, 'jobId'));
      const { definition: job } = seen.job;
      const { definitions, refused } = readTaskCollection(request.json, job.constraints.maxTaskRetryCount);
      const results = [...(await addTasks(services, job.id, definitions, seen)), ...refused];
      return { json: toTaskAddResults(job.id, results, request.baseUrl) };
    },
  },
  {
    name: 'list-tasks',
    verb: 'GET',
    route: 'jobs/{jobId}/tasks',
    summary: 'Lists the tasks of a job.',
    query: listQuery,
    success: listOf('tasks', cloudTask),
    handle: async (request, services) => {
      const jobId = pathId(request, 'jobId');
      const list = await listResources(request, {
        filters: taskFilters,
        properties: taskProperties,
        readPage: (page) => listTasks(services, jobId, page),
        continueAfter: continueAfterTask,
        byId: { read: (id) => loadTask(services, jobId, id), absent: 'TaskNotFound' },
        toResource: (task) => toTaskResource(task, request),
      });
      return { list };
    },
  },
  {
    name: 'get-task',
    verb: 'GET',
    route: 'jobs/{jobId}/tasks/{taskId}',
    summary: 'Shows a task.',
    query: getQuery,
    conditional: true,
    success: entityOf('tasks/@Element', cloudTask),
    handle: async (request, services) => {
      const task = await loadTask(services, pathId(request, 'jobId'), pathId(request, 'taskId'));
      const json = selectFrom(request, toTaskResource(task, request), taskProperties);
      return { json, ...toValidators(task.lastModified) };
    },
  },
  {
    name: 'update-task',
    verb: 'PUT',
    route: 'jobs/{jobId}/tasks/{taskId}',
    summary: 'Replaces the constraints of a task.',
    conditional: true,
    body: 'required',
    bodySchema: taskUpdateBody,
    success: changed(200),
    handle: async (request, services) => {
      const asked = { toConstraints: parseTaskUpdate(request.json), conditions: request.conditions };
      const task = await updateTask(services, pathId(request, 'jobId'), pathId(request, 'taskId'), asked);
      return toValidators(task.lastModified);
    },
  },
  {
    name: 'delete-task',
    verb: 'DELETE',
    route: 'jobs/{jobId}/tasks/{taskId}',
    summary: 'Deletes a task.',
    conditional: true,
    success: done(200),
    handle: async (request, services) => {
      const { conditions } = request;
      await deleteTask(services, pathId(request, 'jobId'), pathId(request, 'taskId'), { conditions });
      return {};
    },
  },
  {
    name: 'list-subtasks',
    verb: 'GET',
    route: 'jobs/{jobId}/tasks/{taskId}/subtasksinfo',
    summary: 'Lists the subtasks of a task; only multi-instance tasks have any.',
    query: ['$select'],
    success: listOf('subtasks', subtask),
    handle: async (request, services) => {
      // Only multi-instance tasks have subtasks, and these are refused when they are added.
      await loadTask(services, pathId(request, 'jobId'), pathId(request, 'taskId'));
      return { list: await listResources(request, noSubtasks) };
    },
  },
  {
    name: 'get-task-counts',
    verb: 'GET',
    route: 'jobs/{jobId}/taskcounts',
    summary: 'Counts the tasks of a job by state.',
    success: elementOf('taskcountsresult/@Element', taskCountsResult),
    handle: async (request, services) => {
      const json = await countTasks(services, pathId(request, 'jobId'));
      return { json };
    },
  },
];
