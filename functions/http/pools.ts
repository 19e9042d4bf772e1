// The REST operations on pools. https://learn.microsoft.com/rest/api/batchservice/pool
import { app } from '@azure/functions';
import { addPool } from '../../shared/pools/add-pool.js';
import { deletePool } from '../../shared/pools/delete-pool.js';
import { removeNodes, resizePool, stopResize } from '../../shared/pools/resize-pool.js';
import { updatePool } from '../../shared/pools/update-pool.js';
import { parseRemoval } from '../../shared/nodes/node-body.js';
import { parsePoolAdd, parsePoolPatch, parsePoolProperties, parseResize } from '../../shared/pools/pool-body.js';
import { nodeCountFilters, toNodeCounts } from '../../shared/pools/node-counts.js';
import { poolFilters, poolProperties } from '../../shared/pools/pool-filters.js';
import { poolUrl, toPoolResource } from '../../shared/pools/pool-resource.js';
import { listPools, loadPool, loadStoredPool } from '../../shared/pools/read-pools.js';
import { getQuery, listQuery, listResources, pathId, selectFrom } from '../../shared/rest/resource-query.js';
import { toValidators } from '../../shared/rest/etag.js';
import { createOperation } from '../../shared/rest/operation.js';
import { getServices } from '../../shared/services.js';

const operation = createOperation(getServices);

app.http('add-pool', {
  methods: ['POST'],
  route: 'pools',
  authLevel: 'anonymous',
  handler: operation('add-pool', { body: 'required' }, async ({ json, baseUrl }, services) => {
    const pool = await addPool(services, parsePoolAdd(json));
    const location = poolUrl(pool.definition.id, baseUrl);
    return { status: 201, location, dataServiceId: true, ...toValidators(pool.lastModified) };
  }),
});

app.http('list-pools', {
  methods: ['GET'],
  route: 'pools',
  authLevel: 'anonymous',
  handler: operation('list-pools', { query: listQuery }, async (request, services) => {
    const list = await listResources(request, {
      filters: poolFilters,
      properties: poolProperties,
      readPage: (page) => listPools(services, page),
      byId: { read: (id) => loadPool(services, id), absent: 'PoolNotFound' },
      toResource: ({ pool, nodes }) => toPoolResource(pool, nodes, request.baseUrl),
    });
    return { status: 200, metadata: 'pools', list };
  }),
});

app.http('get-pool', {
  methods: ['GET'],
  route: 'pools/{poolId}',
  authLevel: 'anonymous',
  handler: operation('get-pool', { query: getQuery, conditional: true }, async (request, services) => {
    const { pool, nodes } = await loadPool(services, pathId(request, 'poolId'));
    const json = selectFrom(request, toPoolResource(pool, nodes, request.baseUrl), poolProperties);
    return { status: 200, metadata: 'pools/@Element', json, ...toValidators(pool.lastModified) };
  }),
});

app.http('pool-exists', {
  methods: ['HEAD'],
  route: 'pools/{poolId}',
  authLevel: 'anonymous',
  handler: operation('pool-exists', { conditional: true }, async (request, services) => {
    const { pool } = await loadStoredPool(services, pathId(request, 'poolId'));
    return { status: 200, ...toValidators(pool.lastModified) };
  }),
});

app.http('delete-pool', {
  methods: ['DELETE'],
  route: 'pools/{poolId}',
  authLevel: 'anonymous',
  handler: operation('delete-pool', { conditional: true }, async (request, services) => {
    await deletePool(services, pathId(request, 'poolId'), { conditions: request.conditions });
    return { status: 202 };
  }),
});

app.http('patch-pool', {
  methods: ['PATCH'],
  route: 'pools/{poolId}',
  authLevel: 'anonymous',
  handler: operation('patch-pool', { conditional: true, body: 'required' }, async (request, services) => {
    const { json, conditions } = request;
    const update = parsePoolPatch(json);
    const pool = await updatePool(services, pathId(request, 'poolId'), { update, conditions });
    return { status: 200, dataServiceId: true, ...toValidators(pool.lastModified) };
  }),
});

app.http('update-pool-properties', {
  methods: ['POST'],
  route: 'pools/{poolId}/updateproperties',
  authLevel: 'anonymous',
  handler: operation('update-pool-properties', { body: 'required' }, async (request, services) => {
    const { json, conditions } = request;
    const update = parsePoolProperties(json);
    const pool = await updatePool(services, pathId(request, 'poolId'), { update, conditions });
    return { status: 204, dataServiceId: true, ...toValidators(pool.lastModified) };
  }),
});

app.http('resize-pool', {
  methods: ['POST'],
  route: 'pools/{poolId}/resize',
  authLevel: 'anonymous',
  handler: operation('resize-pool', { conditional: true, body: 'required' }, async (request, services) => {
    const { json, conditions } = request;
    const pool = await resizePool(services, pathId(request, 'poolId'), { request: parseResize(json), conditions });
    return { status: 202, dataServiceId: true, ...toValidators(pool.lastModified) };
  }),
});

app.http('stop-resize-pool', {
  methods: ['POST'],
  route: 'pools/{poolId}/stopresize',
  authLevel: 'anonymous',
  handler: operation('stop-resize-pool', { conditional: true }, async (request, services) => {
    const { conditions } = request;
    const pool = await stopResize(services, pathId(request, 'poolId'), { conditions });
    return { status: 202, dataServiceId: true, ...toValidators(pool.lastModified) };
  }),
});

app.http('remove-nodes', {
  methods: ['POST'],
  route: 'pools/{poolId}/removenodes',
  authLevel: 'anonymous',
  handler: operation('remove-nodes', { conditional: true, body: 'required' }, async (request, services) => {
    const { json, conditions } = request;
    const pool = await removeNodes(services, pathId(request, 'poolId'), { request: parseRemoval(json), conditions });
    return { status: 202, dataServiceId: true, ...toValidators(pool.lastModified) };
  }),
});

app.http('list-pool-node-counts', {
  methods: ['GET'],
  route: 'nodecounts',
  authLevel: 'anonymous',
  handler: operation('list-pool-node-counts', { query: ['$filter', 'maxresults'] }, async (request, services) => {
    const list = await listResources(request, {
      filters: nodeCountFilters,
      readPage: (page) => listPools(services, page),
      toResource: toNodeCounts,
    });
    return { status: 200, metadata: 'poolnodecounts', list };
  }),
});
