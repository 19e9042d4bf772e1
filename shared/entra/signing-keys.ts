// The keys that an identity provider signs its tokens with: held for a while, read again when they age or when a token names one that is
// not among them, and never more often than the provider can bear. Knows no token.
import {
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWTHeaderParameters,
  type ResolvedKey,
} from 'jose';
import type { Clock } from '../clock.js';
import type { Log } from '../log.js';

/** The provider does not answer, and without it nobody can say whether a token is good. */
export class SigningKeysUnavailable extends Error {
  override readonly name = 'SigningKeysUnavailable';
}

/** Reads the provider's key set; rejects within seconds when that does not succeed. */
export type ReadKeySet = () => Promise<JSONWebKeySet>;

export type SigningKeys = {
  /** The key that `header` names, or undefined when the provider has none of that name. Throws SigningKeysUnavailable. */
  find(header: JWTHeaderParameters, token: FlattenedJWSInput): Promise<ResolvedKey['key'] | undefined>;
};

/** Keys younger than this are taken as they are. */
const freshMs = 3_600_000;
/** Older keys are good for this long while the provider is down: it takes its keys back rarely, and announces new ones days before. */
const usableMs = 24 * 3_600_000;
/** Between two reads; this bounds what a stranger with made-up key names can cause. */
export const coolDownMs = 30_000;
/** The same after a read that failed. */
export const failedCoolDownMs = 5_000;

type Held = { readonly find: ReturnType<typeof createLocalJWKSet>; readonly readAtMs: number };

/** Keys behind `read`. One read at a time, which all who wait for it share. */
export function createSigningKeys({ read, clock, log }: { read: ReadKeySet; clock: Clock; log: Log }): SigningKeys {
  let held: Held | undefined;
  let tried: { readonly atMs: number; readonly hasFailed: boolean } | undefined;
  let reading: Promise<void> | undefined;

  async function readAgain(): Promise<void> {
    try {
      const find = createLocalJWKSet(await read());
      held = { find, readAtMs: clock.monotonicMs() };
      tried = { atMs: clock.monotonicMs(), hasFailed: false };
    } catch (error) {
      tried = { atMs: clock.monotonicMs(), hasFailed: true };
      log.warn('signing keys not read', { error, isHoldingOlderOnes: held !== undefined });
    }
  }

  async function readUnlessTriedLately(): Promise<void> {
    const waitMs = tried?.hasFailed === true ? failedCoolDownMs : coolDownMs;
    const isTooSoon = tried !== undefined && clock.monotonicMs() - tried.atMs < waitMs;
    if (reading === undefined && isTooSoon) return;
    reading ??= readAgain().finally(() => (reading = undefined));
    await reading;
  }

  return {
    async find(header, token) {
      const ageMs = (): number => (held === undefined ? Number.POSITIVE_INFINITY : clock.monotonicMs() - held.readAtMs);
      if (ageMs() >= freshMs) await readUnlessTriedLately();
      if (ageMs() >= usableMs) held = undefined;
      const known = held && (await findIn(held, header, token));
      if (known !== undefined) return known;
      await readUnlessTriedLately();
      const found = held && (await findIn(held, header, token));
      if (found === undefined && tried?.hasFailed === true) {
        throw new SigningKeysUnavailable('The key that a token is signed with could not be read from its issuer');
      }
      return found;
    },
  };
}

async function findIn({ find }: Held, header: JWTHeaderParameters, token: FlattenedJWSInput): Promise<Found> {
  try {
    return await find(header, token);
  } catch (error) {
    // No key of that name and kind, several, or one that is not usable: for the caller it is all the same.
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
    throw error;
  }
}

type Found = ResolvedKey['key'] | undefined;
