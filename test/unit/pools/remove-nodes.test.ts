// What a pool wants once nodes are taken from it, by the verb on a table in memory.
import { expect, test } from 'vitest';
import { newNode } from '../../../shared/nodes/new-node.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { nodeRow, poolPartition, toNode } from '../../../shared/pools/pool-rows.js';
import { parsePoolAdd } from '../../../shared/pools/pool-body.js';
import { loadStoredPool } from '../../../shared/pools/read-pools.js';
import { removeNodes } from '../../../shared/pools/resize-pool.js';
import { createServices, type MemoryServices } from '../../helpers/memory-services.js';
import { headRow, toPoolHead } from '../../../shared/pools/pool-rows.js';

const poolId = 'P';

/** A steady pool that wants `target` nodes and has these. */
async function steadyPool(target: number, nodeIds: readonly string[]): Promise<MemoryServices> {
  const services = createServices();
  await addPool(services, parsePoolAdd({ id: poolId, vmSize: 's', targetDedicatedNodes: target }));
  const { pool, etag } = await loadStoredPool(services, poolId);
  const at = services.clock.now().toISOString();
  await services.table.write(poolPartition(poolId), [
    { type: 'replace', row: headRow, values: toPoolHead({ ...pool, allocationState: 'steady' }), etag },
    ...nodeIds.map((id) => ({
      type: 'insert' as const,
      row: nodeRow(id),
      values: toNode({ ...newNode(poolId, id, at), ...(id.startsWith('self') ? { isSelfProvided: true } : {}) }),
    })),
  ]);
  return services;
}

const remove = (services: MemoryServices, ...nodeIds: string[]): Promise<unknown> =>
  removeNodes(services, poolId, {
    request: { nodeIds, resizeTimeoutMs: 300_000, option: 'requeue' },
    conditions: {},
  });

test.each([
  ['it has what it wanted', 3, ['n1', 'n2', 'n3'], ['n1'], 2],
  ['its shrinking was stopped: no other node goes', 0, ['n1', 'n2', 'n3'], ['n1', 'n1'], 2],
  ['its growing was stopped: no node comes', 9, ['n1', 'n2', 'n3'], ['n1', 'n3'], 1],
  ['a machine joined by itself', 1, ['n1', 'self'], ['self'], 1],
])('a pool wants the nodes that stay when %s', async (_, target, nodes, removed, wanted) => {
  const services = await steadyPool(target, nodes);
  await remove(services, ...removed);
  const { pool } = await loadStoredPool(services, poolId);
  expect(pool).toMatchObject({
    allocationState: 'resizing',
    definition: { targetDedicatedNodes: wanted },
    resize: { nodeIds: [...new Set(removed)] },
  });
});

test('a node that the pool does not have cannot be removed', async () => {
  const services = await steadyPool(1, ['n1']);
  await expect(remove(services, 'n1', 'n2')).rejects.toMatchObject({ code: 'NodeNotFound' });
  expect((await loadStoredPool(services, poolId)).pool.allocationState).toBe('steady');
});
