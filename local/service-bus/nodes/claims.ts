// What one connection may reach: the audiences it put valid tokens for, until they expire.
// Knows paths and instants, neither links nor the wire.
import { coversPath, type Right } from './sas.js';

export type Claims = {
  /**
   * Adds or renews access to everything at or below `path`, for ever where `expiresAtMs` is Infinity; what an earlier
   * token for the same path allowed no longer counts. False when the connection holds too many.
   */
  grant(path: readonly string[], expiresAtMs: number, rights: readonly Right[]): boolean;
  /** Whether `path` may be used with this right, or (undefined) with any. */
  allows(path: readonly string[], nowMs: number, right: Right | undefined): boolean;
  /** When the next claim runs out; undefined when none does. */
  nextExpiryMs(): number | undefined;
  forgetExpired(nowMs: number): void;
};

// More than one connection can have links; keeps a peer with the key from filling the memory.
const mostClaims = 10_000;

type Claim = {
  readonly path: readonly string[];
  readonly expiresAtMs: number;
  readonly rights: readonly Right[];
};

export function createClaims(): Claims {
  const claims = new Map<string, Claim>();
  return {
    grant(path, expiresAtMs, rights) {
      const key = path.join('/');
      if (!claims.has(key) && claims.size >= mostClaims) return false;
      claims.set(key, { path, expiresAtMs, rights });
      return true;
    },
    allows(path, nowMs, right) {
      // A claim covers a path when it is on one of the path's own prefixes: few, however many claims there are.
      for (let length = path.length; length >= 0; length--) {
        const claim = claims.get(path.slice(0, length).join('/'));
        if (claim === undefined || claim.expiresAtMs <= nowMs || !coversPath(claim.path, path)) continue;
        if (right === undefined || claim.rights.includes(right)) return true;
      }
      return false;
    },
    nextExpiryMs() {
      let next: number | undefined;
      for (const { expiresAtMs } of claims.values()) next = Math.min(next ?? Infinity, expiresAtMs);
      return next === Infinity ? undefined : next;
    },
    forgetExpired(nowMs) {
      for (const [key, { expiresAtMs }] of claims) if (expiresAtMs <= nowMs) claims.delete(key);
    },
  };
}
