// The REST operations on compute nodes. https://learn.microsoft.com/rest/api/batchservice/compute-node
import { app } from '@azure/functions';
import { nodeFilters, nodeProperties } from '../../shared/nodes/node-filters.js';
import { toNodeResource } from '../../shared/nodes/node-resource.js';
import { listNodes, loadNode } from '../../shared/nodes/read-nodes.js';
import { listResources, pathId, selectFrom } from '../../shared/rest/resource-query.js';
import { createOperation } from '../../shared/rest/operation.js';
import { getServices } from '../../shared/services.js';

const operation = createOperation(getServices);

app.http('list-nodes', {
  methods: ['GET'],
  route: 'pools/{poolId}/nodes',
  authLevel: 'anonymous',
  handler: operation('list-nodes', { query: ['$filter', '$select', 'maxresults'] }, async (request, services) => {
    const poolId = pathId(request, 'poolId');
    const list = await listResources(request, {
      filters: nodeFilters,
      properties: nodeProperties,
      readPage: async (page) => {
        const { pool, items, ...rest } = await listNodes(services, poolId, page);
        return { ...rest, items: items.map((node) => ({ node, pool })) };
      },
      toResource: ({ node, pool }) => toNodeResource(node, pool, request.baseUrl),
    });
    return { status: 200, metadata: 'nodes', list };
  }),
});

app.http('get-node', {
  methods: ['GET'],
  route: 'pools/{poolId}/nodes/{nodeId}',
  authLevel: 'anonymous',
  handler: operation('get-node', { query: ['$select'] }, async (request, services) => {
    const { node, pool } = await loadNode(services, pathId(request, 'poolId'), pathId(request, 'nodeId'));
    const json = selectFrom(request, toNodeResource(node, pool, request.baseUrl), nodeProperties);
    return { status: 200, metadata: 'nodes/@Element', json };
  }),
});
