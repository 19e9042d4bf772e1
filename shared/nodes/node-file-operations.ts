// The operations on the files of a node. https://learn.microsoft.com/rest/api/batchservice/file
// A file path is one segment with %2F; the routes take it with plain slashes too, as `taskRootDirectoryUrl` has them.
import { fileFilters } from './node-filters.js';
import {
  toFileContentAnswer,
  toFilePropertiesAnswer,
  toNodeFileResource,
  type FilesPlace,
} from './node-file-resource.js';
import {
  createFileList,
  deleteFile,
  locateNodeFiles,
  readFile,
  readFileProperties,
  type FileRoot,
  filePathOf,
} from './node-files.js';
import { nodeUrl } from './node-url.js';
import { listResources, pathId } from '../rest/resource-query.js';
import { shownFile } from './node-schema.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { done, fileContent, listOf } from '../rest/success.js';

const toPlace = ({ poolId, nodeId }: FileRoot, baseUrl: string): FilesPlace => ({
  filesUrl: `${nodeUrl(poolId, nodeId, baseUrl)}/files`,
});

export const nodeFileOperations: readonly OperationDefinition[] = [
  {
    name: 'list-node-files',
    verb: 'GET',
    route: 'pools/{poolId}/nodes/{nodeId}/files',
    summary: 'Lists the files below the root directory of a node.',
    query: ['$filter', 'maxresults', 'recursive'],
    success: listOf('files', shownFile),
    handle: async (request, services) => {
      const recursive = request.flag('recursive');
      const root = await locateNodeFiles(services, pathId(request, 'poolId'), pathId(request, 'nodeId'));
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
    name: 'get-node-file',
    verb: 'GET',
    route: 'pools/{poolId}/nodes/{nodeId}/files/{filePath}/{*rest}',
    summary: 'Reads a file of a node, or a range of it.',
    conditional: true,
    reads: ['ocp-range'],
    success: fileContent(),
    handle: async (request, services) => {
      const root = await locateNodeFiles(services, pathId(request, 'poolId'), pathId(request, 'nodeId'));
      const answer = await readFile(services, root, filePathOf(request), request.header('ocp-range'));
      return toFileContentAnswer(answer.file, answer.content, toPlace(root, request.baseUrl));
    },
  },
  {
    name: 'node-file-properties',
    verb: 'HEAD',
    route: 'pools/{poolId}/nodes/{nodeId}/files/{filePath}/{*rest}',
    summary: 'Tells the properties of a file of a node.',
    conditional: true,
    success: fileContent(),
    handle: async (request, services) => {
      const root = await locateNodeFiles(services, pathId(request, 'poolId'), pathId(request, 'nodeId'));
      const file = await readFileProperties(services, root, filePathOf(request));
      return toFilePropertiesAnswer(file, toPlace(root, request.baseUrl));
    },
  },
  {
    name: 'delete-node-file',
    verb: 'DELETE',
    route: 'pools/{poolId}/nodes/{nodeId}/files/{filePath}/{*rest}',
    summary: 'Deletes a file or folder of a node.',
    query: ['recursive'],
    success: done(200),
    handle: async (request, services) => {
      const recursive = request.flag('recursive');
      const root = await locateNodeFiles(services, pathId(request, 'poolId'), pathId(request, 'nodeId'));
      await deleteFile(services, root, filePathOf(request), recursive);
      return {};
    },
  },
];
