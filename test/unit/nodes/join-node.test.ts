// Joining a pool: who may, what becomes of the node, and rotation of the keys. Sealing is the real one.
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { loadNodeSeal } from '../../../agent/adapters/jose-node-seal.js';
import { createHttpJoin } from '../../../agent/adapters/http-join.js';
import type { NodeSeal } from '../../../agent/node-seal.js';
import type { BatchError } from '../../../shared/errors.js';
import type { OwedEvent } from '../../../shared/events/event.js';
import { eventRange } from '../../../shared/events/event-rows.js';
import { createJoseSealing } from '../../../shared/nodes/jose-sealing.js';
import { joinNode, requireJoinToken } from '../../../shared/nodes/join-node.js';
import { loadNode } from '../../../shared/nodes/read-nodes.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { deletePool } from '../../../shared/pools/delete-pool.js';
import { rotatedKeyValidMs, toJoinKeyText } from '../../../shared/pools/join-keys.js';
import { nodeRow, poolPartition, toNode } from '../../../shared/pools/pool-rows.js';
import { listJoinKeys, rotateJoinKey } from '../../../shared/pools/rotate-join-key.js';
import { unconditional as conditions } from '../../../shared/rest/conditions.js';
import { fromDocument } from '../../../shared/tables/document.js';
import { poolDefinition } from '../../helpers/definitions.js';
import { createServices, type MemoryServices } from '../../helpers/memory-services.js';
import { memoryState } from '../../helpers/memory-state.js';
import { tokenOf } from '../../helpers/join-token.js';

let services: MemoryServices;
let seal: NodeSeal;
let joinKey: string;

beforeEach(async () => {
  services = { ...createServices(), sealing: createJoseSealing() };
  await addPool(services, poolDefinition({ id: 'P', targetDedicatedNodes: 0 }));
  seal = await loadNodeSeal(memoryState());
  joinKey = await newestKey();
});

const newestKey = async (): Promise<string> => {
  const [key] = await listJoinKeys(services, 'P');
  return key === undefined ? '' : toJoinKeyText(key);
};

type Changes = { readonly poolId?: string; readonly nodeId?: string; readonly iat?: number; readonly key?: string };

async function join(changes: Changes = {}, keys = seal.keys()) {
  const { key = joinKey, ...claims } = changes;
  const iat = services.clock.now().getTime() / 1000;
  const token = await tokenOf({ poolId: 'P', nodeId: 'own-1', keys, iat, ...claims }, key);
  return joinNode(services, { poolId: 'P', nodeId: 'own-1', token });
}

async function events(): Promise<readonly OwedEvent[]> {
  const { entities } = await services.table.query(poolPartition('P'), eventRange, 1000);
  return entities.flatMap((entity) => fromDocument<OwedEvent[]>('events', entity.values));
}

const refusal = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'joined',
    (error: unknown) => (error as BatchError).code,
  );

describe('a machine that holds a join key', () => {
  test('becomes a node of the pool, known by the keys that it presented', async () => {
    const answer = await join();
    const { node, pool } = await loadNode(services, 'P', 'own-1');
    expect(node).toMatchObject({ state: 'starting', epoch: 0, isSelfProvided: true, membership: seal.keys() });
    expect(answer).toEqual({
      poolId: 'P',
      nodeId: 'own-1',
      poolIncarnation: pool.incarnation,
      orderKey: node.membership?.orderKey,
      serviceBusConnection: services.config.nodesServiceBusConnection,
    });
  });

  test('joins again with the same keys and stays what it was', async () => {
    const first = await join();
    expect(await join()).toEqual(first);
  });

  test.each([
    ['that was asked for', 'rebooting', { poweredAt: '2026-01-01T00:00:00.000Z' }, 'starting', 1],
    ['with another image', 'reimaging', { poweredAt: '2026-01-01T00:00:00.000Z' }, 'starting', 1],
    ['that its provisioner was not asked for yet', 'rebooting', {}, 'rebooting', 0],
    ['that nobody asked for', 'running', undefined, 'running', 0],
  ] as const)('in a boot %s while it was %s', async (_, state, request, next, told) => {
    await join();
    const kind = state === 'reimaging' ? ('reimage' as const) : ('reboot' as const);
    const at = services.clock.now().toISOString();
    const { node } = await loadNode(services, 'P', 'own-1');
    const asked = request && { request: { kind, option: 'requeue' as const, at, ...request } };
    const values = toNode({ ...node, epoch: 1, state, ...asked });
    services.rows.write(poolPartition('P'), [{ type: 'upsert', row: nodeRow('own-1'), values }]);
    const before = (await events()).length;
    await join();
    await join();
    const { node: after } = await loadNode(services, 'P', 'own-1');
    expect(after).toMatchObject({ state: next, membership: seal.keys() });
    const types = (await events()).slice(before).map(({ type, data }) => [type, data['previousState'], data['state']]);
    expect(types).toEqual(told === 0 ? [] : [['dev.bookend.node.state.changed', state, 'starting']]);
  });

  test('takes the place of a machine that had the node before, whose keys count no longer', async () => {
    const first = await join();
    const other = await loadNodeSeal(memoryState());
    const second = await join({}, other.keys());
    expect(second.orderKey).not.toBe(first.orderKey);
    const { node } = await loadNode(services, 'P', 'own-1');
    expect(node.membership?.keyId).toBe(other.keys().keyId);
  });
});

describe('joining is refused', () => {
  test.each<[string, Changes | (() => Changes), string]>([
    ['without a key of the pool', { key: `${randomUUID()}.c2VjcmV0` }, 'AuthenticationFailed'],
    [
      'with the right key’s name and another secret',
      () => ({ key: `${joinKey.split('.')[0]}.${'A'.repeat(43)}` }),
      'AuthenticationFailed',
    ],
    ['for another node than was signed for', { nodeId: 'own-2' }, 'AuthenticationFailed'],
    ['for another pool than was signed for', { poolId: 'Q' }, 'AuthenticationFailed'],
    ['with a request of long ago', { iat: 1_000_000 }, 'AuthenticationFailed'],
  ])('%s', async (_, changes, code) => {
    expect(await refusal(join(typeof changes === 'function' ? changes() : changes))).toBe(code);
    expect(await refusal(loadNode(services, 'P', 'own-1'))).toBe('NodeNotFound');
  });

  test('with a private key among the claims, which is not kept', async () => {
    const keys = { ...seal.keys(), sign: { ...seal.keys().sign, d: 'private' } };
    expect(await refusal(join({}, keys))).toBe('AuthenticationFailed');
  });

  test.each(['sign', 'encrypt'] as const)(
    'with a key to %s that is no point of the curve, which would fail every pass',
    async (which) => {
      const broken = { ...seal.keys()[which], x: 'A'.repeat(43), y: 'A'.repeat(43) };
      expect(await refusal(join({}, { ...seal.keys(), [which]: broken }))).toBe('AuthenticationFailed');
      expect(await refusal(loadNode(services, 'P', 'own-1'))).toBe('NodeNotFound');
    },
  );

  test('while the pool is being deleted', async () => {
    await deletePool(services, 'P', { conditions });
    expect(await refusal(join())).toBe('PoolBeingDeleted');
  });

  test('to a pool that does not exist as to one whose key is missing', async () => {
    const toNone = joinNode(services, { poolId: 'none', nodeId: 'own-1', token: 'x.y.z' });
    expect(await refusal(toNone)).toBe('AuthenticationFailed');
  });

  test.each(['x.y.z', '', 'e30.e30.e30', 'e30.bnVsbA.e30'])('before anything is read when the token is %j', (token) => {
    expect(() => requireJoinToken(services, { poolId: 'P', nodeId: 'own-1', token })).toThrow(/cannot join pool 'P'/);
  });

  test('when the token is none', async () => {
    expect(await refusal(joinNode(services, { poolId: 'P', nodeId: 'own-1', token: 'x.y.z' }))).toBe(
      'AuthenticationFailed',
    );
  });
});

describe('a join key that was rotated', () => {
  test('is good for an hour more, the new one until it is rotated itself', async () => {
    const old = joinKey;
    const keys = await rotateJoinKey(services, 'P');
    expect(keys.map(({ validUntil }) => validUntil === undefined)).toEqual([true, false]);
    expect(await refusal(join({ key: old }))).toBe('joined');
    services.clock.pass(rotatedKeyValidMs);
    expect(await refusal(join({ key: old }))).toBe('AuthenticationFailed');
    expect(await refusal(join({ key: await newestKey() }))).toBe('joined');
    expect(await listJoinKeys(services, 'P')).toHaveLength(1);
  });
});

test('what cannot reach the controller is told with the address, not with the key', async () => {
  const ask = createHttpJoin({
    url: 'http://127.0.0.1:1',
    poolId: 'P',
    nodeId: 'own-1',
    readJoinKey: () => Promise.resolve(joinKey),
    clock: services.clock,
  });
  const error: unknown = await ask(seal).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  expect(JSON.stringify(error) + String(error)).not.toContain(joinKey.split('.')[1]);
});
