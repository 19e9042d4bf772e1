// Joining a pool: operations of Bookend's own, see docs/joining.md.
import { app } from '@azure/functions';
import { joinNode } from '../../shared/nodes/join-node.js';
import { toJoinKeyResource } from '../../shared/pools/join-key-resource.js';
import { listJoinKeys, rotateJoinKey } from '../../shared/pools/rotate-join-key.js';
import { bearerToken } from '../../shared/rest/bearer-token.js';
import { createOperation } from '../../shared/rest/operation.js';
import { pathId } from '../../shared/rest/resource-query.js';
import { getServices } from '../../shared/services.js';

const operation = createOperation(getServices);

app.http('join-node', {
  methods: ['POST'],
  route: 'pools/{poolId}/nodes/{nodeId}/join',
  authLevel: 'anonymous',
  handler: operation('join-node', { authentication: 'byOperation' }, async (request, services) => {
    const [poolId, nodeId] = [pathId(request, 'poolId'), pathId(request, 'nodeId')];
    const json = await joinNode(services, { poolId, nodeId, token: bearerToken(request) });
    return { status: 200, metadata: 'join/@Element', json };
  }),
});

app.http('list-join-keys', {
  methods: ['GET'],
  route: 'pools/{poolId}/joinkeys',
  authLevel: 'anonymous',
  handler: operation('list-join-keys', {}, async (request, services) => {
    const keys = await listJoinKeys(services, pathId(request, 'poolId'));
    return { status: 200, metadata: 'joinkeys', list: { items: keys.map(toJoinKeyResource) } };
  }),
});

app.http('rotate-join-key', {
  methods: ['POST'],
  route: 'pools/{poolId}/joinkeys/rotate',
  authLevel: 'anonymous',
  handler: operation('rotate-join-key', {}, async (request, services) => {
    const keys = await rotateJoinKey(services, pathId(request, 'poolId'));
    return { status: 200, metadata: 'joinkeys', list: { items: keys.map(toJoinKeyResource) } };
  }),
});
