// The REST operations on the files of a task. https://learn.microsoft.com/rest/api/batchservice/file
import { app } from '@azure/functions';
import { fileFilters } from '../../shared/nodes/node-filters.js';
import {
  toFileContentAnswer,
  toFilePropertiesAnswer,
  toNodeFileResource,
  type FilesPlace,
} from '../../shared/nodes/node-file-resource.js';
import { createFileList, filePathOf, readFile, readFileProperties } from '../../shared/nodes/node-files.js';
import { listResources, pathId } from '../../shared/rest/resource-query.js';
import { createOperation } from '../../shared/rest/operation.js';
import { getServices } from '../../shared/services.js';
import { locateTaskFiles, type TaskFileRoot } from '../../shared/tasks/locate-task-files.js';
import { taskUrl } from '../../shared/tasks/task-resource.js';

const operation = createOperation(getServices);

const toPlace = ({ jobId, taskId, directory }: TaskFileRoot, baseUrl: string): FilesPlace => ({
  filesUrl: `${taskUrl(jobId, taskId, baseUrl)}/files`,
  ...(directory !== undefined && { directory }),
});

app.http('list-task-files', {
  methods: ['GET'],
  route: 'jobs/{jobId}/tasks/{taskId}/files',
  authLevel: 'anonymous',
  handler: operation(
    'list-task-files',
    { query: ['$filter', 'maxresults', 'recursive'] },
    async (request, services) => {
      const recursive = request.flag('recursive');
      const root = await locateTaskFiles(services, pathId(request, 'jobId'), pathId(request, 'taskId'));
      const list = await listResources(request, {
        filters: fileFilters,
        readPage: createFileList(services, root, recursive),
        toResource: (file) => toNodeFileResource(file, toPlace(root, request.baseUrl)),
      });
      return { status: 200, metadata: 'files', list };
    },
  ),
});

app.http('get-task-file', {
  methods: ['GET'],
  route: 'jobs/{jobId}/tasks/{taskId}/files/{filePath}/{*rest}',
  authLevel: 'anonymous',
  handler: operation('get-task-file', { conditional: true }, async (request, services) => {
    const root = await locateTaskFiles(services, pathId(request, 'jobId'), pathId(request, 'taskId'));
    const answer = await readFile(services, root, filePathOf(request), request.header('ocp-range'));
    return toFileContentAnswer(answer.file, answer.content, toPlace(root, request.baseUrl));
  }),
});

app.http('task-file-properties', {
  methods: ['HEAD'],
  route: 'jobs/{jobId}/tasks/{taskId}/files/{filePath}/{*rest}',
  authLevel: 'anonymous',
  handler: operation('task-file-properties', { conditional: true }, async (request, services) => {
    const root = await locateTaskFiles(services, pathId(request, 'jobId'), pathId(request, 'taskId'));
    const file = await readFileProperties(services, root, filePathOf(request));
    return toFilePropertiesAnswer(file, toPlace(root, request.baseUrl));
  }),
});
