// The operations on the files of a task. https://learn.microsoft.com/rest/api/batchservice/file
import { fileFilters } from '../nodes/node-filters.js';
import {
  toFileContentAnswer,
  toFilePropertiesAnswer,
  toNodeFileResource,
  type FilesPlace,
} from '../nodes/node-file-resource.js';
import { createFileList, deleteFile, filePathOf, readFile, readFileProperties } from '../nodes/node-files.js';
import { listResources, pathId } from '../rest/resource-query.js';
import { locateTaskFiles, type TaskFileRoot } from './locate-task-files.js';
import { taskUrl } from './task-resource.js';
import { shownFile } from '../nodes/node-schema.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { done, fileContent, listOf } from '../rest/success.js';

const toPlace = ({ jobId, taskId, directory }: TaskFileRoot, baseUrl: string): FilesPlace => ({
  filesUrl: `${taskUrl(jobId, taskId, baseUrl)}/files`,
  ...(directory !== undefined && { directory }),
});

export const taskFileOperations: readonly OperationDefinition[] = [
  {
    name: 'list-task-files',
    verb: 'GET',
    route: 'jobs/{jobId}/tasks/{taskId}/files',
    summary: 'Lists the files below the directory of a task.',
    query: ['$filter', 'maxresults', 'recursive'],
    success: listOf('files', shownFile),
    handle: async (request, services) => {
      const recursive = request.flag('recursive');
      const root = await locateTaskFiles(services, pathId(request, 'jobId'), pathId(request, 'taskId'));
      const list = await listResources(request, {
        filters: fileFilters,
        readPage: createFileList(services, root, recursive),
        continueAfter: ({ name }) => name,
        toResource: (file) => toNodeFileResource(file, toPlace(root, request.baseUrl)),
      });
      return { list };
    },
  },
  {
    name: 'get-task-file',
    verb: 'GET',
    route: 'jobs/{jobId}/tasks/{taskId}/files/{filePath}/{*rest}',
    summary: 'Reads a file of a task, or a range of it.',
    conditional: true,
    reads: ['ocp-range'],
    success: fileContent(),
    handle: async (request, services) => {
      const root = await locateTaskFiles(services, pathId(request, 'jobId'), pathId(request, 'taskId'));
      const answer = await readFile(services, root, filePathOf(request), request.header('ocp-range'));
      return toFileContentAnswer(answer.file, answer.content, toPlace(root, request.baseUrl));
    },
  },
  {
    name: 'task-file-properties',
    verb: 'HEAD',
    route: 'jobs/{jobId}/tasks/{taskId}/files/{filePath}/{*rest}',
    summary: 'Tells the properties of a file of a task.',
    conditional: true,
    success: fileContent(),
    handle: async (request, services) => {
      const root = await locateTaskFiles(services, pathId(request, 'jobId'), pathId(request, 'taskId'));
      const file = await readFileProperties(services, root, filePathOf(request));
      return toFilePropertiesAnswer(file, toPlace(root, request.baseUrl));
    },
  },
  {
    name: 'delete-task-file',
    verb: 'DELETE',
    route: 'jobs/{jobId}/tasks/{taskId}/files/{filePath}/{*rest}',
    summary: 'Deletes a file or folder of a task.',
    query: ['recursive'],
    success: done(200),
    handle: async (request, services) => {
      const recursive = request.flag('recursive');
      const root = await locateTaskFiles(services, pathId(request, 'jobId'), pathId(request, 'taskId'));
      await deleteFile(services, root, filePathOf(request), recursive);
      return {};
    },
  },
];
