// The operations on the join keys of a pool: extensions to Batch, docs/joining.md.
import { toJoinKeyResource } from './join-key-resource.js';
import { listJoinKeys, rotateJoinKey } from './rotate-join-key.js';
import { pathId } from '../rest/resource-query.js';
import { shownJoinKey } from './pool-schema.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { listOf } from '../rest/success.js';

export const joinKeyOperations: readonly OperationDefinition[] = [
  {
    name: 'list-join-keys',
    verb: 'GET',
    route: 'pools/{poolId}/joinkeys',
    summary: 'Lists the keys with which machines may join a pool.',
    isExtension: true,
    success: listOf('joinkeys', shownJoinKey),
    handle: async (request, services) => {
      const keys = await listJoinKeys(services, pathId(request, 'poolId'));
      return { list: { items: keys.map(toJoinKeyResource) } };
    },
  },
  {
    name: 'rotate-join-key',
    verb: 'POST',
    route: 'pools/{poolId}/joinkeys/rotate',
    summary: 'Gives a pool a new join key; the one before the last ceases to work.',
    isExtension: true,
    success: listOf('joinkeys', shownJoinKey),
    handle: async (request, services) => {
      const keys = await rotateJoinKey(services, pathId(request, 'poolId'));
      return { list: { items: keys.map(toJoinKeyResource) } };
    },
  },
];
