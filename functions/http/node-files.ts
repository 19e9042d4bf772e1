// The REST operations on the files of a node. https://learn.microsoft.com/rest/api/batchservice/file
// A file path is one segment with %2F; the routes take it with plain slashes too, as `taskRootDirectoryUrl` has them.
import { app } from '@azure/functions';
import { fileFilters } from '../../shared/nodes/node-filters.js';
import {
  toFileContentAnswer,
  toFilePropertiesAnswer,
  toNodeFileResource,
  type FilesPlace,
} from '../../shared/nodes/node-file-resource.js';
import {
  createFileList,
  locateNodeFiles,
  readFile,
  readFileProperties,
  type FileRoot,
  filePathOf,
} from '../../shared/nodes/node-files.js';
import { nodeUrl } from '../../shared/nodes/node-url.js';
import { listResources, pathId } from '../../shared/rest/resource-query.js';
import { createOperation } from '../../shared/rest/operation.js';
import { getServices } from '../../shared/services.js';

const operation = createOperation(getServices);

const toPlace = ({ poolId, nodeId }: FileRoot, baseUrl: string): FilesPlace => ({
  filesUrl: `${nodeUrl(poolId, nodeId, baseUrl)}/files`,
});

app.http('list-node-files', {
  methods: ['GET'],
  route: 'pools/{poolId}/nodes/{nodeId}/files',
  authLevel: 'anonymous',
  handler: operation(
    'list-node-files',
    { query: ['$filter', 'maxresults', 'recursive'] },
    async (request, services) => {
      const recursive = request.flag('recursive');
      const root = await locateNodeFiles(services, pathId(request, 'poolId'), pathId(request, 'nodeId'));
      const list = await listResources(request, {
        filters: fileFilters,
        readPage: createFileList(services, root, recursive),
        toResource: (file) => toNodeFileResource(file, toPlace(root, request.baseUrl)),
      });
      return { status: 200, metadata: 'files', list };
    },
  ),
});

app.http('get-node-file', {
  methods: ['GET'],
  route: 'pools/{poolId}/nodes/{nodeId}/files/{filePath}/{*rest}',
  authLevel: 'anonymous',
  handler: operation('get-node-file', { conditional: true }, async (request, services) => {
    const root = await locateNodeFiles(services, pathId(request, 'poolId'), pathId(request, 'nodeId'));
    const answer = await readFile(services, root, filePathOf(request), request.header('ocp-range'));
    return toFileContentAnswer(answer.file, answer.content, toPlace(root, request.baseUrl));
  }),
});

app.http('node-file-properties', {
  methods: ['HEAD'],
  route: 'pools/{poolId}/nodes/{nodeId}/files/{filePath}/{*rest}',
  authLevel: 'anonymous',
  handler: operation('node-file-properties', { conditional: true }, async (request, services) => {
    const root = await locateNodeFiles(services, pathId(request, 'poolId'), pathId(request, 'nodeId'));
    const file = await readFileProperties(services, root, filePathOf(request));
    return toFilePropertiesAnswer(file, toPlace(root, request.baseUrl));
  }),
});
