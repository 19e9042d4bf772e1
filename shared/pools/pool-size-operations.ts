// The operations that change how many nodes a pool has. https://learn.microsoft.com/rest/api/batchservice/pool/resize
import { removeNodes, resizePool, stopResize } from './resize-pool.js';
import { parseRemoval, nodeRemovalBody } from '../nodes/node-body.js';
import { parseResize, poolResizeBody } from './pool-body.js';
import { pathId } from '../rest/resource-query.js';
import { toValidators } from '../rest/etag.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { changed } from '../rest/success.js';

export const poolSizeOperations: readonly OperationDefinition[] = [
  {
    name: 'resize-pool',
    verb: 'POST',
    route: 'pools/{poolId}/resize',
    summary: 'Changes the number of nodes of a pool.',
    conditional: true,
    body: 'required',
    bodySchema: poolResizeBody,
    success: changed(202),
    handle: async (request, services) => {
      const { json, conditions } = request;
      const pool = await resizePool(services, pathId(request, 'poolId'), { request: parseResize(json), conditions });
      return toValidators(pool.lastModified);
    },
  },
  {
    name: 'stop-resize-pool',
    verb: 'POST',
    route: 'pools/{poolId}/stopresize',
    summary: 'Ends a resize where it stands.',
    conditional: true,
    success: changed(202),
    handle: async (request, services) => {
      const { conditions } = request;
      const pool = await stopResize(services, pathId(request, 'poolId'), { conditions });
      return toValidators(pool.lastModified);
    },
  },
  {
    name: 'remove-nodes',
    verb: 'POST',
    route: 'pools/{poolId}/removenodes',
    summary: 'Takes the named nodes out of a pool.',
    conditional: true,
    body: 'required',
    bodySchema: nodeRemovalBody,
    success: changed(202),
    handle: async (request, services) => {
      const { json, conditions } = request;
      const pool = await removeNodes(services, pathId(request, 'poolId'), { request: parseRemoval(json), conditions });
      return toValidators(pool.lastModified);
    },
  },
];
