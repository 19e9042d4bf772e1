// The operations on the files of a node. https://learn.microsoft.com/rest/api/batchservice/file
import { pathId } from '../rest/resource-query.js';
import { fileOperationsOf } from './file-operations.js';
import { locateNodeFiles } from './node-files.js';
import { nodeUrl } from './node-url.js';

export const nodeFileOperations = fileOperationsOf({
  name: 'node',
  route: 'pools/{poolId}/nodes/{nodeId}/files',
  locate: (request, services) => locateNodeFiles(services, pathId(request, 'poolId'), pathId(request, 'nodeId')),
  toPlace: ({ poolId, nodeId }, baseUrl) => ({ filesUrl: `${nodeUrl(poolId, nodeId, baseUrl)}/files` }),
});
