// What can be asked of a node whose machine joined by itself.
import { expect, test } from 'vitest';
import type { BatchError } from '../../../shared/errors.js';
import { disableScheduling, rebootNode, reimageNode } from '../../../shared/nodes/act-on-node.js';
import { newNode } from '../../../shared/nodes/new-node.js';
import { loadNode } from '../../../shared/nodes/read-nodes.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { nodeRow, poolPartition, toNode } from '../../../shared/pools/pool-rows.js';
import { poolDefinition } from '../../helpers/definitions.js';
import { createServices, type MemoryServices } from '../../helpers/memory-services.js';

const target = { poolId: 'P', nodeId: 'own' };

async function withNode(isSelfProvided: boolean): Promise<MemoryServices> {
  const services = createServices();
  await addPool(services, poolDefinition({ id: 'P' }));
  const node = { ...newNode('P', 'own', '2026-01-01T00:00:00.000Z'), state: 'idle' as const };
  const values = toNode(isSelfProvided ? { ...node, isSelfProvided } : node);
  services.rows.write(poolPartition('P'), [{ type: 'insert', row: nodeRow('own'), values }]);
  return services;
}

test.each([
  ['reboot', rebootNode],
  ['reimage', reimageNode],
])(
  'a %s needs somebody who provides the machine: one that joined by itself refuses it and stays as it is',
  async (_, act) => {
    const services = await withNode(true);
    const error: unknown = await act(services, target, 'requeue').catch((thrown: unknown) => thrown);
    expect((error as BatchError).code).toBe('OperationNotValidOnNode');
    expect((await loadNode(services, 'P', 'own')).node.state).toBe('idle');
    const provided = await withNode(false);
    expect((await act(provided, target, 'requeue')).request).toBeDefined();
  },
);

test('scheduling on it can be disabled as on any', async () => {
  const services = await withNode(true);
  expect((await disableScheduling(services, target, 'requeue')).schedulingState).toBe('disabled');
});
