// What a deployment declares of its account, as clients list and look it up; and the lists that are always empty.
import { describe, expect, test } from 'vitest';
import { accountOperations } from '../../../shared/account/account-operations.js';
import { certificateOperations } from '../../../shared/account/certificate-operations.js';
import { defaultImages, supportedImagesSchema } from '../../../shared/account/supported-image.js';
import { nodeExtensionOperations } from '../../../shared/nodes/node-extension-operations.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { nodeRow, poolPartition, toNode } from '../../../shared/pools/pool-rows.js';
import type { Services } from '../../../shared/services.js';
import { poolDefinition } from '../../helpers/definitions.js';
import { createServices } from '../../helpers/memory-services.js';
import { handleThrough, listThrough, type Listed } from '../lists/list-through.js';
import { laterRefusalOf } from '../rest/refusal.js';

const memory = createServices();
const services: Services = {
  ...memory,
  config: {
    ...memory.config,
    applications: ['Zeta', 'alpha', 'Beta', 'beta2'].map((id) => ({ id, displayName: `The ${id}`, versions: ['1'] })),
    supportedImages: defaultImages,
  },
};
const list = (name: string, query: Record<string, string> = {}, limit?: number): Promise<Listed> =>
  listThrough(accountOperations, name, services, {}, query, limit);

describe('the applications of the account', () => {
  test.each([1, 2, 1000])('are listed by id, in pages of at most %i', async (limit) => {
    const { items, requests } = await list('list-applications', {}, limit);
    expect(items).toMatchObject([{ id: 'alpha' }, { id: 'Beta' }, { id: 'beta2' }, { id: 'Zeta' }]);
    expect(requests).toBe(Math.ceil(4 / limit));
  });

  test('are none unless a deployment declares some', async () => {
    expect((await listThrough(accountOperations, 'list-applications', memory, {})).items).toEqual([]);
  });

  test('are looked up by id in any letter case', async () => {
    const { json } = await handleThrough(accountOperations, 'get-application', services, { applicationId: 'ZETA' });
    expect(json).toEqual({ id: 'Zeta', displayName: 'The Zeta', versions: ['1'] });
    const none = handleThrough(accountOperations, 'get-application', services, { applicationId: 'none' });
    expect((await laterRefusalOf(none)).code).toBe('ApplicationNotFound');
  });
});

describe('the images that pools can name', () => {
  test('are such as a deployment could declare', () => {
    expect(supportedImagesSchema.parse(defaultImages)).toEqual(defaultImages);
  });

  test('are all listed, each once, in pages', async () => {
    const { items, requests } = await list('list-supported-images', {}, 3);
    expect(items).toHaveLength(defaultImages.length);
    expect(new Set(items).size).toBe(defaultImages.length);
    expect(requests).toBe(Math.ceil(defaultImages.length / 3));
  });

  test.each([
    ["osType eq 'Linux' and verificationType eq 'verified'", defaultImages.length],
    ["osType ne 'linux'", 0],
    ["nodeAgentSKUId eq 'batch.node.ubuntu 22.04'", 1],
    ["nodeAgentSKUId eq 'batch.node.debian 11' or nodeAgentSKUId eq 'batch.node.debian 12'", 2],
  ])('are listed by %s', async ($filter, count) => {
    expect((await list('list-supported-images', { $filter }, 1)).items).toHaveLength(count);
  });

  test('cannot be filtered by what Batch does not filter them by', async () => {
    const refusal = await laterRefusalOf(list('list-supported-images', { $filter: "startswith(osType,'l')" }));
    expect(refusal.code).toBe('InvalidQueryParameterValue');
  });
});

test('the account has no certificates', async () => {
  const query = { $filter: "state eq 'active'", $select: 'thumbprint, state' };
  expect((await listThrough(certificateOperations, 'list-certificates', services, {}, query)).items).toEqual([]);
  const wrong = listThrough(certificateOperations, 'list-certificates', services, {}, { $select: 'data' });
  expect((await laterRefusalOf(wrong)).code).toBe('InvalidQueryParameterValue');
});

test('a node has no extensions, and one that does not exist has no list of them', async () => {
  const at = '2026-01-01T00:00:00.000Z';
  await addPool(memory, poolDefinition({ id: 'P' }));
  const node = { id: 'n', poolId: 'P', state: 'idle', stateTransitionTime: at, allocationTime: at } as const;
  const rest = { epoch: 1, imageEpoch: 1, sequence: 1, leases: [], totalTasksRun: 0, totalTasksSucceeded: 0 };
  const write = { type: 'insert', row: nodeRow('n'), values: toNode({ ...node, ...rest }) } as const;
  memory.rows.write(poolPartition('P'), [write]);
  const params = { poolId: 'P', nodeId: 'n' };
  expect((await listThrough(nodeExtensionOperations, 'list-node-extensions', services, params)).items).toEqual([]);
  const get = handleThrough(nodeExtensionOperations, 'get-node-extension', services, { ...params, extensionName: 'e' });
  expect((await laterRefusalOf(get)).code).toBe('ResourceNotFound');
  const elsewhere = listThrough(nodeExtensionOperations, 'list-node-extensions', services, { ...params, nodeId: 'x' });
  expect((await laterRefusalOf(elsewhere)).code).toBe('NodeNotFound');
});
