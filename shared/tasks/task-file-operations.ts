// The operations on the files of a task. https://learn.microsoft.com/rest/api/batchservice/file
import { fileOperationsOf } from '../nodes/file-operations.js';
import { pathId } from '../rest/resource-query.js';
import { locateTaskFiles } from './locate-task-files.js';
import { taskUrl } from './task-resource.js';

export const taskFileOperations = fileOperationsOf({
  name: 'task',
  route: 'jobs/{jobId}/tasks/{taskId}/files',
  locate: (request, services) => locateTaskFiles(services, pathId(request, 'jobId'), pathId(request, 'taskId')),
  toPlace: ({ jobId, taskId, directory }, baseUrl) => ({
    filesUrl: `${taskUrl(jobId, taskId, baseUrl)}/files`,
    ...(directory !== undefined && { directory }),
  }),
});
