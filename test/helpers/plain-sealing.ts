// Sealing that hides and checks nothing, for tests that look at what is said. Both sides.
import type { NodeSeal } from '../../agent/node-seal.js';
import type { Sealing } from '../../shared/nodes/sealing.js';

export const plainSealing: Sealing = {
  newSecret: () => 'a-secret-for-tests',
  accepts: () => Promise.resolve(true),
  orderKeyOf: () => 'an-order-key-for-tests',
  seal: (content) => Promise.resolve(content),
  read: (data) => data,
  verify: () => Promise.resolve('signed'),
  verifyJoin: (token) => Promise.resolve(JSON.parse(token) as unknown),
};

const coordinate = 'A'.repeat(43);
const publicKey = { kty: 'EC', crv: 'P-256', x: coordinate, y: coordinate } as const;

export const plainSeal: NodeSeal = {
  keys: () => ({ keyId: '00000000-0000-4000-8000-000000000000', encrypt: publicKey, sign: publicKey }),
  setMembership: () => Promise.resolve(),
  poolIncarnation: () => undefined,
  open: (data) => Promise.resolve({ kind: 'opened', content: data }),
  sign: (content) => Promise.resolve(content),
};
