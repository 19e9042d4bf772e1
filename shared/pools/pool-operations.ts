// The operations on pools themselves. https://learn.microsoft.com/rest/api/batchservice/pool
import { addPool } from './add-pool.js';
import { deletePool } from './delete-pool.js';
import { updatePool } from './update-pool.js';
import {
  parsePoolAdd,
  parsePoolPatch,
  parsePoolProperties,
  poolPatchBody,
  poolPropertiesBody,
  poolAddBody,
} from './pool-body.js';
import { nodeCountFilters, toNodeCounts } from './node-counts.js';
import { poolFilters, poolProperties, toPoolTest } from './pool-filters.js';
import { poolUrl, toPoolResource } from './pool-resource.js';
import { continueAfterPool, listPools, loadPool, loadStoredPool } from './read-pools.js';
import { getQuery, listQuery, listResources, pathId, selectFrom } from '../rest/resource-query.js';
import { toValidators } from '../rest/etag.js';
import { cloudPool, poolNodeCounts } from './pool-schema.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { changed, created, done, entityOf, exists, listOf } from '../rest/success.js';

export const poolOperations: readonly OperationDefinition[] = [
  {
    name: 'add-pool',
    verb: 'POST',
    route: 'pools',
    summary: 'Adds a pool.',
    body: 'required',
    bodySchema: poolAddBody,
    success: created(),
    handle: async ({ json, baseUrl }, services) => {
      const pool = await addPool(services, parsePoolAdd(json));
      const location = poolUrl(pool.definition.id, baseUrl);
      return { location, ...toValidators(pool.lastModified) };
    },
  },
  {
    name: 'list-pools',
    verb: 'GET',
    route: 'pools',
    summary: 'Lists the pools of the account.',
    query: listQuery,
    success: listOf('pools', cloudPool),
    handle: async (request, services) => {
      const list = await listResources(request, {
        filters: poolFilters,
        properties: poolProperties,
        readPage: (page) => listPools(services, page, { id: 'id', isWanted: toPoolTest(page.filter) }),
        continueAfter: continueAfterPool,
        byId: { read: (id) => loadPool(services, id), absent: 'PoolNotFound' },
        toResource: ({ pool, nodeStates }) => toPoolResource(pool, nodeStates.length, request.baseUrl),
      });
      return { list };
    },
  },
  {
    name: 'get-pool',
    verb: 'GET',
    route: 'pools/{poolId}',
    summary: 'Shows a pool.',
    query: getQuery,
    conditional: true,
    success: entityOf('pools/@Element', cloudPool),
    handle: async (request, services) => {
      const { pool, nodeStates } = await loadPool(services, pathId(request, 'poolId'));
      const json = selectFrom(request, toPoolResource(pool, nodeStates.length, request.baseUrl), poolProperties);
      return { json, ...toValidators(pool.lastModified) };
    },
  },
  {
    name: 'pool-exists',
    verb: 'HEAD',
    route: 'pools/{poolId}',
    summary: 'Tells whether a pool exists.',
    conditional: true,
    success: exists(),
    handle: async (request, services) => {
      const { pool } = await loadStoredPool(services, pathId(request, 'poolId'));
      return toValidators(pool.lastModified);
    },
  },
  {
    name: 'patch-pool',
    verb: 'PATCH',
    route: 'pools/{poolId}',
    summary: 'Changes the named properties of a pool.',
    conditional: true,
    body: 'required',
    bodySchema: poolPatchBody,
    success: changed(200),
    handle: async (request, services) => {
      const { json, conditions } = request;
      const update = parsePoolPatch(json);
      const pool = await updatePool(services, pathId(request, 'poolId'), { update, conditions });
      return toValidators(pool.lastModified);
    },
  },
  {
    name: 'update-pool-properties',
    verb: 'POST',
    route: 'pools/{poolId}/updateproperties',
    summary: 'Replaces the changeable properties of a pool; what is left out goes back to its default.',
    body: 'required',
    bodySchema: poolPropertiesBody,
    success: changed(204),
    handle: async (request, services) => {
      const { json, conditions } = request;
      const update = parsePoolProperties(json);
      const pool = await updatePool(services, pathId(request, 'poolId'), { update, conditions });
      return toValidators(pool.lastModified);
    },
  },
  {
    name: 'delete-pool',
    verb: 'DELETE',
    route: 'pools/{poolId}',
    summary: 'Deletes a pool with its nodes.',
    conditional: true,
    success: done(202),
    handle: async (request, services) => {
      await deletePool(services, pathId(request, 'poolId'), { conditions: request.conditions });
      return {};
    },
  },
  {
    name: 'list-pool-node-counts',
    verb: 'GET',
    route: 'nodecounts',
    summary: 'Counts the nodes of each pool by state.',
    query: ['$filter', 'maxresults'],
    largestPage: 10,
    success: listOf('poolnodecounts', poolNodeCounts),
    handle: async (request, services) => {
      const list = await listResources(request, {
        filters: nodeCountFilters,
        readPage: (page) => listPools(services, page, { id: 'poolId' }),
        continueAfter: continueAfterPool,
        byId: { property: 'poolId', read: (id) => loadPool(services, id), absent: 'PoolNotFound' },
        toResource: toNodeCounts,
      });
      return { list };
    },
  },
];
