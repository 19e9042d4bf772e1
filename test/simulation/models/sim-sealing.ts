// Sealing on virtual time: nothing is computed, but who may read and who has signed is told apart as by the real one.
import { z } from 'zod';
import type { Disk } from '../../../agent/disk.js';
import type { NodeSeal } from '../../../agent/node-seal.js';
import type { Sealing } from '../../../shared/nodes/sealing.js';
import type { Random } from '../core/random.js';

const sealedSchema = z.object({ sealedFor: z.string(), by: z.string(), content: z.unknown() });
const signedSchema = z.object({ signedWith: z.string(), content: z.unknown() });
const joinSchema = z.object({ joinKey: z.string(), claims: z.unknown() });
const keptSchema = z.object({
  keyId: z.string(),
  orderKey: z.string().optional(),
  poolIncarnation: z.string().optional(),
});

const stateName = 'keys.json';
// The form is checked at the edge; what stands there is of no matter here.
const publicKey = { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) } as const;

export function createSimSealing(ids: Random): Sealing {
  return {
    newSecret: () => ids.uuid(),
    orderKeyOf: (poolSecret, nodeId, keyId) => `${poolSecret}/${nodeId}/${keyId}`,
    accepts: () => Promise.resolve(true),
    async seal(content, membership) {
      if (membership === undefined) throw new Error('A message for a node that has not joined cannot be sealed');
      return { sealedFor: membership.keyId, by: membership.orderKey, content };
    },
    read: (data) => signedSchema.safeParse(data).data?.content,
    async verify(data, membership) {
      const signed = signedSchema.safeParse(data);
      return signed.success && signed.data.signedWith === membership?.keyId ? 'signed' : 'otherKey';
    },
    async verifyJoin(token, joinKeys) {
      const { joinKey, claims } = joinSchema.parse(JSON.parse(token));
      return joinKeys.some(({ id, secret }) => joinKey === `${id}.${secret}`) ? claims : undefined;
    },
  };
}

/** The node's side; its keys stand in the state directory and go with it. */
export async function loadSimSeal(disk: Pick<Disk, 'readState' | 'writeState'>, ids: Random): Promise<NodeSeal> {
  const text = await disk.readState(stateName);
  let kept: z.infer<typeof keptSchema> =
    text === undefined ? { keyId: ids.uuid() } : keptSchema.parse(JSON.parse(text));
  const save = (): Promise<void> => disk.writeState([{ name: stateName, text: JSON.stringify(kept) }]);
  if (text === undefined) await save();
  return {
    keys: () => ({ keyId: kept.keyId, encrypt: publicKey, sign: publicKey }),
    async setMembership({ orderKey, poolIncarnation }) {
      if (kept.orderKey === orderKey && kept.poolIncarnation === poolIncarnation) return;
      kept = { ...kept, orderKey, poolIncarnation };
      await save();
    },
    poolIncarnation: () => kept.poolIncarnation,
    async open(data) {
      const sealed = sealedSchema.safeParse(data);
      if (!sealed.success) return { kind: 'forged' };
      const { sealedFor, by, content } = sealed.data;
      if (sealedFor !== kept.keyId || kept.orderKey === undefined) return { kind: 'otherKey' };
      return by === kept.orderKey ? { kind: 'opened', content } : { kind: 'forged' };
    },
    sign: async (content) => ({ signedWith: kept.keyId, content }),
  };
}

export const toJoinToken = (joinKey: string, claims: unknown): string => JSON.stringify({ joinKey, claims });
