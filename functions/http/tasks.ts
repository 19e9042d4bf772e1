// The REST operations on tasks. https://learn.microsoft.com/rest/api/batchservice/task
import { app } from '@azure/functions';
import { loadJob } from '../../shared/jobs/read-jobs.js';
import { getQuery, listQuery, listResources, pathId, selectFrom } from '../../shared/rest/resource-query.js';
import { toValidators } from '../../shared/rest/etag.js';
import { createOperation } from '../../shared/rest/operation.js';
import { getServices } from '../../shared/services.js';
import { addTask, addTasks } from '../../shared/tasks/add-tasks.js';
import { deleteTask } from '../../shared/tasks/delete-task.js';
import { reactivateTask } from '../../shared/tasks/reactivate-task.js';
import { listTasks, loadTask } from '../../shared/tasks/read-tasks.js';
import { readTaskCollection, toTaskAddResults } from '../../shared/tasks/task-collection-resource.js';
import { taskFilters, taskProperties } from '../../shared/tasks/task-filters.js';
import { parseTaskAdd, parseTaskUpdate, taskUrl, toTaskResource } from '../../shared/tasks/task-resource.js';
import { terminateTask } from '../../shared/tasks/terminate-task.js';
import { updateTask } from '../../shared/tasks/update-task.js';

const operation = createOperation(getServices);

app.http('add-task', {
  methods: ['POST'],
  route: 'jobs/{jobId}/tasks',
  authLevel: 'anonymous',
  handler: operation('add-task', { body: 'required' }, async (request, services) => {
    const { definition: job } = await loadJob(services, pathId(request, 'jobId'));
    const definition = parseTaskAdd(request.json, job.constraints.maxTaskRetryCount);
    const task = await addTask(services, job.id, definition);
    const location = taskUrl(job.id, definition.id, request.baseUrl);
    return { status: 201, location, dataServiceId: true, ...toValidators(task.lastModified) };
  }),
});

app.http('add-task-collection', {
  methods: ['POST'],
  route: 'jobs/{jobId}/addtaskcollection',
  authLevel: 'anonymous',
  handler: operation('add-task-collection', { body: 'required' }, async (request, services) => {
    const { definition: job } = await loadJob(services, pathId(request, 'jobId'));
    const { definitions, refused } = readTaskCollection(request.json, job.constraints.maxTaskRetryCount);
    const results = [...(await addTasks(services, job.id, definitions)), ...refused];
    return { status: 200, metadata: 'taskaddresult', json: toTaskAddResults(job.id, results, request.baseUrl) };
  }),
});

app.http('list-tasks', {
  methods: ['GET'],
  route: 'jobs/{jobId}/tasks',
  authLevel: 'anonymous',
  handler: operation('list-tasks', { query: listQuery }, async (request, services) => {
    const jobId = pathId(request, 'jobId');
    const list = await listResources(request, {
      filters: taskFilters,
      properties: taskProperties,
      readPage: (page) => listTasks(services, jobId, page),
      byId: { read: (id) => loadTask(services, jobId, id), absent: 'TaskNotFound' },
      toResource: (task) => toTaskResource(task, request),
    });
    return { status: 200, metadata: 'tasks', list };
  }),
});

app.http('get-task', {
  methods: ['GET'],
  route: 'jobs/{jobId}/tasks/{taskId}',
  authLevel: 'anonymous',
  handler: operation('get-task', { query: getQuery, conditional: true }, async (request, services) => {
    const task = await loadTask(services, pathId(request, 'jobId'), pathId(request, 'taskId'));
    const json = selectFrom(request, toTaskResource(task, request), taskProperties);
    return { status: 200, metadata: 'tasks/@Element', json, ...toValidators(task.lastModified) };
  }),
});

app.http('update-task', {
  methods: ['PUT'],
  route: 'jobs/{jobId}/tasks/{taskId}',
  authLevel: 'anonymous',
  handler: operation('update-task', { conditional: true, body: 'required' }, async (request, services) => {
    const asked = { toConstraints: parseTaskUpdate(request.json), conditions: request.conditions };
    const task = await updateTask(services, pathId(request, 'jobId'), pathId(request, 'taskId'), asked);
    return { status: 200, dataServiceId: true, ...toValidators(task.lastModified) };
  }),
});

app.http('terminate-task', {
  methods: ['POST'],
  route: 'jobs/{jobId}/tasks/{taskId}/terminate',
  authLevel: 'anonymous',
  handler: operation('terminate-task', { conditional: true, body: 'optional' }, async (request, services) => {
    const { conditions } = request;
    const task = await terminateTask(services, pathId(request, 'jobId'), pathId(request, 'taskId'), { conditions });
    return { status: 204, dataServiceId: true, ...toValidators(task.lastModified) };
  }),
});

app.http('reactivate-task', {
  methods: ['POST'],
  route: 'jobs/{jobId}/tasks/{taskId}/reactivate',
  authLevel: 'anonymous',
  handler: operation('reactivate-task', { conditional: true, body: 'optional' }, async (request, services) => {
    const { conditions } = request;
    const task = await reactivateTask(services, pathId(request, 'jobId'), pathId(request, 'taskId'), { conditions });
    return { status: 204, dataServiceId: true, ...toValidators(task.lastModified) };
  }),
});

app.http('list-subtasks', {
  methods: ['GET'],
  route: 'jobs/{jobId}/tasks/{taskId}/subtasksinfo',
  authLevel: 'anonymous',
  handler: operation('list-subtasks', { query: ['$select'] }, async (request, services) => {
    // Only multi-instance tasks have subtasks, and these are refused when they are added.
    await loadTask(services, pathId(request, 'jobId'), pathId(request, 'taskId'));
    return { status: 200, metadata: 'subtasks', json: { value: [] } };
  }),
});

app.http('delete-task', {
  methods: ['DELETE'],
  route: 'jobs/{jobId}/tasks/{taskId}',
  authLevel: 'anonymous',
  handler: operation('delete-task', { conditional: true }, async (request, services) => {
    const { conditions } = request;
    await deleteTask(services, pathId(request, 'jobId'), pathId(request, 'taskId'), { conditions });
    return { status: 200 };
  }),
});
