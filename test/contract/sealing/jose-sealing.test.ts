// Sealing by jose, as controller and agents do it.
import { describe, expect, test } from 'vitest';
import { loadNodeSeal } from '../../../agent/adapters/jose-node-seal.js';
import { createJoseSealing } from '../../../shared/nodes/jose-sealing.js';
import { memoryState } from '../../helpers/memory-state.js';
import { testSealing } from './sealing-cases.js';

const sealing = createJoseSealing();

describe('sealing by jose', () => testSealing(() => ({ sealing, newNode: () => loadNodeSeal(memoryState()) })));

test('a node keeps its keys and its order key in its state, and nothing private leaves it', async () => {
  const state = memoryState();
  const first = await loadNodeSeal(state);
  const orderKey = sealing.newSecret();
  await first.setMembership({ orderKey, poolIncarnation: 'pool-1' });
  const again = await loadNodeSeal(state);
  expect(again.keys()).toEqual(first.keys());
  expect(again.poolIncarnation()).toBe('pool-1');
  const sealed = await sealing.seal({ n: 1 }, { ...first.keys(), orderKey });
  expect(await again.open(sealed)).toEqual({ kind: 'opened', content: { n: 1 } });
  const kept = JSON.parse(state.files.get('keys.json') ?? '') as { sign: { d: string }; encrypt: { d: string } };
  for (const { d } of [kept.sign, kept.encrypt]) expect(JSON.stringify(first.keys())).not.toContain(d);
});

test('a text that claims a node’s keys without its signature is a forgery', async () => {
  const seal = await loadNodeSeal(memoryState());
  const membership = { ...seal.keys(), orderKey: sealing.newSecret() };
  const [header, payload = '', signature] = String(await seal.sign({ epoch: 1 })).split('.');
  const other = Buffer.from(JSON.stringify({ epoch: 2 })).toString('base64url');
  expect(await sealing.verify(`${header}.${other}.${signature}`, membership)).toBe('forged');
  const unsigned = Buffer.from(JSON.stringify({ alg: 'none', kid: membership.keyId })).toString('base64url');
  expect(await sealing.verify(`${unsigned}.${payload}.`, membership)).toBe('forged');
});
