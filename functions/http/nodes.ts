// The REST operations on compute nodes. https://learn.microsoft.com/rest/api/batchservice/compute-node
import { app } from '@azure/functions';
import {
  disableScheduling,
  enableScheduling,
  rebootNode,
  reimageNode,
  type NodeTarget,
} from '../../shared/nodes/act-on-node.js';
import { parseDisableScheduling, parseReboot, parseReimage } from '../../shared/nodes/node-body.js';
import { nodeFilters, nodeProperties } from '../../shared/nodes/node-filters.js';
import { toNodeResource } from '../../shared/nodes/node-resource.js';
import { listNodes, loadNode } from '../../shared/nodes/read-nodes.js';
import { listResources, pathId, selectFrom } from '../../shared/rest/resource-query.js';
import { createOperation } from '../../shared/rest/operation.js';
import { getServices } from '../../shared/services.js';

const operation = createOperation(getServices);
const nodeOf = (request: Parameters<typeof pathId>[0]): NodeTarget => ({
  poolId: pathId(request, 'poolId'),
  nodeId: pathId(request, 'nodeId'),
});

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

app.http('reboot-node', {
  methods: ['POST'],
  route: 'pools/{poolId}/nodes/{nodeId}/reboot',
  authLevel: 'anonymous',
  handler: operation('reboot-node', { body: 'optional' }, async (request, services) => {
    await rebootNode(services, nodeOf(request), parseReboot(request.json));
    return { status: 202, dataServiceId: true };
  }),
});

app.http('reimage-node', {
  methods: ['POST'],
  route: 'pools/{poolId}/nodes/{nodeId}/reimage',
  authLevel: 'anonymous',
  handler: operation('reimage-node', { body: 'optional' }, async (request, services) => {
    await reimageNode(services, nodeOf(request), parseReimage(request.json));
    return { status: 202, dataServiceId: true };
  }),
});

app.http('disable-node-scheduling', {
  methods: ['POST'],
  route: 'pools/{poolId}/nodes/{nodeId}/disablescheduling',
  authLevel: 'anonymous',
  handler: operation('disable-node-scheduling', { body: 'optional' }, async (request, services) => {
    await disableScheduling(services, nodeOf(request), parseDisableScheduling(request.json));
    return { status: 200, dataServiceId: true };
  }),
});

app.http('enable-node-scheduling', {
  methods: ['POST'],
  route: 'pools/{poolId}/nodes/{nodeId}/enablescheduling',
  authLevel: 'anonymous',
  handler: operation('enable-node-scheduling', {}, async (request, services) => {
    await enableScheduling(services, nodeOf(request));
    return { status: 200, dataServiceId: true };
  }),
});
