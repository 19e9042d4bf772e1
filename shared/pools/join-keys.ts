// The keys with which machines join a pool, and their rotation. A new one takes the place of the old one, which stays good for a while:
// machines that were given it may still be starting.

export type JoinKey = {
  /** Names the key in a join token. */
  readonly id: string;
  /** 256 bits, base64url. */
  readonly secret: string;
  readonly since: string;
  /** ISO 8601 UTC; absent: until it is rotated. */
  readonly validUntil?: string;
};

/** How long a rotated key can still be joined with. */
export const rotatedKeyValidMs = 60 * 60_000;

/** The keys once `fresh` has taken over. */
export function rotateJoinKeys(keys: readonly JoinKey[], fresh: JoinKey, now: Date): readonly JoinKey[] {
  const validUntil = new Date(now.getTime() + rotatedKeyValidMs).toISOString();
  return [fresh, ...validJoinKeys(keys, now).map((key) => ({ ...key, validUntil: key.validUntil ?? validUntil }))];
}

/** The keys that can be joined with at `now`, the newest first. */
export function validJoinKeys(keys: readonly JoinKey[], now: Date): readonly JoinKey[] {
  return keys.filter(({ validUntil }) => validUntil === undefined || Date.parse(validUntil) > now.getTime());
}

/** The key as the text that a machine is given: one line of a file. */
export const toJoinKeyText = ({ id, secret }: JoinKey): string => `${id}.${secret}`;
