// The operation with which a machine joins a pool: an extension to Batch, docs/joining.md.
import { joinNode, requireJoinToken } from './join-node.js';
import { bearerToken } from '../rest/bearer-token.js';
import { pathId } from '../rest/resource-query.js';
import { joined } from './node-schema.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { elementOf } from '../rest/success.js';

export const joinOperations: readonly OperationDefinition[] = [
  {
    name: 'join-node',
    verb: 'POST',
    route: 'pools/{poolId}/nodes/{nodeId}/join',
    summary: 'Gives a machine that shows a join key of the pool what it needs to be a node of it.',
    isExtension: true,
    authentication: 'byOperation',
    success: elementOf('join/@Element', joined),
    handle: async (request, services) => {
      const joining = {
        poolId: pathId(request, 'poolId'),
        nodeId: pathId(request, 'nodeId'),
        token: bearerToken(request),
      };
      requireJoinToken(services, joining);
      const json = await joinNode(services, joining);
      return { json };
    },
  },
];
