// Encrypting, signing and verifying what controller and nodes say to each other, as an interface: jose-sealing.ts and the simulator's.
import type { Membership, NodeKeys } from './node-keys.js';

/** Of a CloudEvent whose data is sealed or signed (RFC 7515 section 9.2.1). */
export const sealedContentType = 'application/jose';

export type Sealing = {
  /** 256 random bits, base64url. */
  newSecret(): string;
  /** The order key of a node with these keys: always the same, so that no answer to a join that was lost, and no second one, is of matter. */
  orderKeyOf(poolSecret: string, nodeId: string, keyId: string): string;
  /** Whether the keys can be used at all: a point that is not on the curve would fail every pass that has something for the node. */
  accepts(keys: NodeKeys): Promise<boolean>;
  /** `content` in a form that only this node can read, and knows to be the controller's. Throws when the node has not joined. */
  seal(content: unknown, membership: Membership | undefined): Promise<unknown>;
  /** What signed `data` says, whoever signed it. Undefined when it is not signed at all. */
  read(data: unknown): unknown;
  /** `otherKey`: signed, but with a key that is not the node's present one, as by an earlier image of it. */
  verify(data: unknown, membership: Membership | undefined): Promise<'signed' | 'otherKey' | 'forged'>;
  /** The claims of a join token, when one of these keys signed it. */
  verifyJoin(token: string, joinKeys: readonly { readonly id: string; readonly secret: string }[]): Promise<unknown>;
};
