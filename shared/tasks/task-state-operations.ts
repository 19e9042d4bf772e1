// The operations that move a task from one state to another. https://learn.microsoft.com/rest/api/batchservice/task
import { pathId } from '../rest/resource-query.js';
import { toValidators } from '../rest/etag.js';
import { reactivateTask } from './reactivate-task.js';
import { terminateTask } from './terminate-task.js';

import type { OperationDefinition } from '../rest/operation-definition.js';
import { changed } from '../rest/success.js';

export const taskStateOperations: readonly OperationDefinition[] = [
  {
    name: 'terminate-task',
    verb: 'POST',
    route: 'jobs/{jobId}/tasks/{taskId}/terminate',
    summary: 'Ends a task.',
    conditional: true,
    body: 'optional',
    success: changed(204),
    handle: async (request, services) => {
      const { conditions } = request;
      const task = await terminateTask(services, pathId(request, 'jobId'), pathId(request, 'taskId'), { conditions });
      return toValidators(task.lastModified);
    },
  },
  {
    name: 'reactivate-task',
    verb: 'POST',
    route: 'jobs/{jobId}/tasks/{taskId}/reactivate',
    summary: 'Lets a failed task run again.',
    conditional: true,
    body: 'optional',
    success: changed(204),
    handle: async (request, services) => {
      const { conditions } = request;
      const task = await reactivateTask(services, pathId(request, 'jobId'), pathId(request, 'taskId'), { conditions });
      return toValidators(task.lastModified);
    },
  },
];
