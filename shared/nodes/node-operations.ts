// The operations on compute nodes. https://learn.microsoft.com/rest/api/batchservice/compute-node
import { disableScheduling, enableScheduling, rebootNode, reimageNode, type NodeTarget } from './act-on-node.js';
import {
  parseDisableScheduling,
  parseReboot,
  parseReimage,
  nodeDisableBody,
  nodeReimageBody,
  nodeRebootBody,
} from './node-body.js';
import { nodeFilters, nodeProperties } from './node-filters.js';
import { toNodeResource } from './node-resource.js';
import { continueAfterNode, listNodes, loadNode } from './read-nodes.js';
import { listResources, pathId, selectFrom } from '../rest/resource-query.js';
import { computeNode } from './node-schema.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { acted, elementOf, listOf } from '../rest/success.js';

const nodeOf = (request: Parameters<typeof pathId>[0]): NodeTarget => ({
  poolId: pathId(request, 'poolId'),
  nodeId: pathId(request, 'nodeId'),
});

export const nodeOperations: readonly OperationDefinition[] = [
  {
    name: 'list-nodes',
    verb: 'GET',
    route: 'pools/{poolId}/nodes',
    summary: 'Lists the nodes of a pool.',
    query: ['$filter', '$select', 'maxresults'],
    success: listOf('nodes', computeNode),
    handle: async (request, services) => {
      const poolId = pathId(request, 'poolId');
      const list = await listResources(request, {
        filters: nodeFilters,
        properties: nodeProperties,
        readPage: async (page) => {
          const { pool, items, ...rest } = await listNodes(services, poolId, page);
          return { ...rest, items: items.map((node) => ({ node, pool })) };
        },
        continueAfter: ({ node }) => continueAfterNode(node),
        toResource: ({ node, pool }) => toNodeResource(node, pool, request.baseUrl),
      });
      return { list };
    },
  },
  {
    name: 'get-node',
    verb: 'GET',
    route: 'pools/{poolId}/nodes/{nodeId}',
    summary: 'Shows a node.',
    query: ['$select'],
    success: elementOf('nodes/@Element', computeNode),
    handle: async (request, services) => {
      const { node, pool } = await loadNode(services, pathId(request, 'poolId'), pathId(request, 'nodeId'));
      const json = selectFrom(request, toNodeResource(node, pool, request.baseUrl), nodeProperties);
      return { json };
    },
  },
  {
    name: 'reboot-node',
    verb: 'POST',
    route: 'pools/{poolId}/nodes/{nodeId}/reboot',
    summary: 'Restarts a node.',
    body: 'optional',
    bodySchema: nodeRebootBody,
    success: acted(202),
    handle: async (request, services) => {
      await rebootNode(services, nodeOf(request), parseReboot(request.json));
      return {};
    },
  },
  {
    name: 'reimage-node',
    verb: 'POST',
    route: 'pools/{poolId}/nodes/{nodeId}/reimage',
    summary: 'Gives a node a fresh root directory.',
    body: 'optional',
    bodySchema: nodeReimageBody,
    success: acted(202),
    handle: async (request, services) => {
      await reimageNode(services, nodeOf(request), parseReimage(request.json));
      return {};
    },
  },
  {
    name: 'disable-node-scheduling',
    verb: 'POST',
    route: 'pools/{poolId}/nodes/{nodeId}/disablescheduling',
    summary: 'Keeps new tasks from a node.',
    body: 'optional',
    bodySchema: nodeDisableBody,
    success: acted(200),
    handle: async (request, services) => {
      await disableScheduling(services, nodeOf(request), parseDisableScheduling(request.json));
      return {};
    },
  },
  {
    name: 'enable-node-scheduling',
    verb: 'POST',
    route: 'pools/{poolId}/nodes/{nodeId}/enablescheduling',
    summary: 'Lets a node have new tasks again.',
    success: acted(200),
    handle: async (request, services) => {
      await enableScheduling(services, nodeOf(request));
      return {};
    },
  },
];
