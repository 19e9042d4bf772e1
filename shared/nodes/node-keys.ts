// How a node and the controller know each other's messages. A Service Bus session cannot be protected by a token of its own, so every
// node of a namespace could listen to the orders of any other and report in its name: orders are encrypted, reports are signed.
import { z } from 'zod';

/** A public key on the curve P-256 (RFC 7518 section 6.2.1); a private part is refused, so that none is ever stored. */
const publicKeySchema = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.base64url().length(43),
  y: z.base64url().length(43),
});
export type PublicKey = z.infer<typeof publicKeySchema>;

/** What a node presents when it joins: who encrypts to `encrypt` is read by it alone, and what `sign` verifies was said by it. */
export const nodeKeysSchema = z.strictObject({
  /** Names the pair: another image of the same node has another. */
  keyId: z.uuid(),
  encrypt: publicKeySchema,
  sign: publicKeySchema,
});
export type NodeKeys = z.infer<typeof nodeKeysSchema>;

/** A node's keys with the secret by which it knows that an order is the controller's: a public key alone is open to anybody. */
export type Membership = NodeKeys & { readonly orderKey: string };

/** What a machine says to join; signed with a join key of the pool. */
export const joinClaimsSchema = z.object({
  poolId: z.string(),
  nodeId: z.string(),
  keys: nodeKeysSchema,
  /** Seconds since 1970, by the controller's clock as far as the machine knows it. */
  iat: z.number(),
});
export type JoinClaims = z.infer<typeof joinClaimsSchema>;

/** What a machine is told when it has joined. */
export const joinAnswerSchema = z.object({
  poolId: z.string(),
  nodeId: z.string(),
  /** Which pool of that id it is. */
  poolIncarnation: z.string(),
  orderKey: z.string(),
  /** Connection string for the namespace, with rights to listen and to send. */
  serviceBusConnection: z.string(),
});
export type JoinAnswer = z.infer<typeof joinAnswerSchema>;
