// The REST operations on pools. https://learn.microsoft.com/rest/api/batchservice/pool
import { app } from '@azure/functions';
import { addPool } from '../../shared/pools/add-pool.js';
import { deletePool } from '../../shared/pools/delete-pool.js';
import { parsePoolAdd } from '../../shared/pools/pool-body.js';
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
