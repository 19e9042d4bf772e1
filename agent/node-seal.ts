// The node's side of sealing, as an interface: adapters/jose-node-seal.ts and the simulator's. What is private stays behind it.
import type { JoinAnswer, NodeKeys } from '../shared/nodes/node-keys.js';

export type Opened =
  | { readonly kind: 'opened'; readonly content: unknown }
  /** Meant for other keys of this node: sent before it lost its own, or before it has joined with them. */
  | { readonly kind: 'otherKey' }
  /** Meant for these keys, but not by the controller, or not sealed at all. */
  | { readonly kind: 'forged' };

export type NodeSeal = {
  /** The public part, to be presented on joining. */
  keys(): NodeKeys;
  /** What the controller told this node on joining; its orders are known by the order key from now on. */
  setMembership(membership: Pick<JoinAnswer, 'orderKey' | 'poolIncarnation'>): Promise<void>;
  /** The pool that it joined last. */
  poolIncarnation(): string | undefined;
  open(data: unknown): Promise<Opened>;
  sign(content: unknown): Promise<unknown>;
};
