// What sealing promises, whoever provides it: the controller's side against the node's.
import { expect, test } from 'vitest';
import type { NodeSeal } from '../../../agent/node-seal.js';
import type { Membership } from '../../../shared/nodes/node-keys.js';
import type { Sealing } from '../../../shared/nodes/sealing.js';

export type SealingSides = {
  readonly sealing: Sealing;
  /** Another node with keys of its own. */
  newNode(): Promise<NodeSeal>;
};

const order = { nodeId: 'A', text: 'ä "quoted" text', numbers: [1, 2.5] };

export function testSealing(sidesOf: () => SealingSides): void {
  const member = async (): Promise<{ seal: NodeSeal; membership: Membership }> => {
    const { sealing, newNode } = sidesOf();
    const seal = await newNode();
    const orderKey = sealing.newSecret();
    await seal.setMembership({ orderKey, poolIncarnation: 'pool-1' });
    return { seal, membership: { ...seal.keys(), orderKey } };
  };

  test('a node opens what was sealed for it', async () => {
    const { seal, membership } = await member();
    const sealed = await sidesOf().sealing.seal(order, membership);
    expect(await seal.open(sealed)).toEqual({ kind: 'opened', content: order });
  });

  test('another node cannot open it', async () => {
    const [{ membership }, { seal: other }] = [await member(), await member()];
    const sealed = await sidesOf().sealing.seal(order, membership);
    expect(await other.open(sealed)).toEqual({ kind: 'otherKey' });
  });

  test('a node takes nothing that is not its controller’s, though it was encrypted to its keys', async () => {
    const { seal, membership } = await member();
    const { sealing } = sidesOf();
    const forged = await sealing.seal(order, { ...membership, orderKey: sealing.newSecret() });
    expect(await seal.open(forged)).toEqual({ kind: 'forged' });
  });

  test('the order key of the same keys is always the same, and of others another', () => {
    const { sealing } = sidesOf();
    const secret = sealing.newSecret();
    const key = sealing.orderKeyOf(secret, 'n1', 'k1');
    expect(sealing.orderKeyOf(secret, 'n1', 'k1')).toBe(key);
    for (const other of [
      sealing.orderKeyOf(secret, 'n2', 'k1'),
      sealing.orderKeyOf(secret, 'n1', 'k2'),
      sealing.orderKeyOf(sealing.newSecret(), 'n1', 'k1'),
    ])
      expect(other).not.toBe(key);
  });

  test('a node takes nothing that is not sealed', async () => {
    const { seal } = await member();
    for (const data of [order, JSON.stringify(order), 'a.b.c.d.e', '', undefined, null])
      expect(await seal.open(data)).toEqual({ kind: 'forged' });
  });

  test('a node that has not been told its order key takes nothing', async () => {
    const seal = await sidesOf().newNode();
    const { sealing } = sidesOf();
    const sealed = await sealing.seal(order, { ...seal.keys(), orderKey: sealing.newSecret() });
    expect(await seal.open(sealed)).toEqual({ kind: 'otherKey' });
  });

  test('nothing is sealed for a node that has not joined', async () => {
    await expect(sidesOf().sealing.seal(order, undefined)).rejects.toThrow(/cannot be sealed/);
  });

  test('what a node signed is read, and known to be its own', async () => {
    const { sealing } = sidesOf();
    const { seal, membership } = await member();
    const signed = await seal.sign(order);
    expect(sealing.read(signed)).toEqual(order);
    expect(await sealing.verify(signed, membership)).toBe('signed');
  });

  test('what another node signed is not taken for it', async () => {
    const [{ membership }, { seal: other }] = [await member(), await member()];
    expect(await sidesOf().sealing.verify(await other.sign(order), membership)).toBe('otherKey');
    expect(await sidesOf().sealing.verify(await other.sign(order), undefined)).toBe('otherKey');
  });

  test('what is not signed says nothing', () => {
    for (const data of ['text', '', undefined, null, 7, order]) expect(sidesOf().sealing.read(data)).toBeUndefined();
  });
}
