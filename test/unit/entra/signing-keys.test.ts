// How often the issuer's keys are read, and what holds while they cannot be.
import type { JSONWebKeySet } from 'jose';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  coolDownMs,
  createSigningKeys,
  failedCoolDownMs,
  SigningKeysUnavailable,
  type SigningKeys,
} from '../../../shared/entra/signing-keys.js';
import { createLog } from '../../../shared/log.js';
import { createManualClock, type ManualClock } from '../../helpers/manual-clock.js';
import { createTokenIssuer, type TokenIssuer } from '../../helpers/token-issuer.js';

const hourMs = 3_600_000;
let issuer: TokenIssuer;
let clock: ManualClock;
let reads: number;
let read: () => Promise<JSONWebKeySet>;
let warnings: string[];
let keys: SigningKeys;

beforeAll(async () => {
  issuer = await createTokenIssuer();
});
beforeEach(() => {
  clock = createManualClock();
  reads = 0;
  warnings = [];
  read = async () => issuer.keySet();
  const log = createLog((_level, message) => warnings.push(message), 'warn');
  const counted = (): Promise<JSONWebKeySet> => {
    reads += 1;
    return read();
  };
  keys = createSigningKeys({ read: counted, clock, log });
});

const isKnown = async (kid = issuer.kid()): Promise<boolean> =>
  (await keys.find({ alg: 'RS256', kid }, { payload: '', signature: '' })) !== undefined;
const isDown = (): Promise<JSONWebKeySet> => Promise.reject(new Error('down'));

describe('signing keys', () => {
  it('are read once for any number of tokens, also of those that come at once', async () => {
    expect(await Promise.all(Array.from({ length: 20 }, () => isKnown()))).not.toContain(false);
    expect(await isKnown()).toBe(true);
    expect(reads).toBe(1);
  });

  it('are read again after an hour', async () => {
    await isKnown();
    clock.advance(hourMs - 1);
    await isKnown();
    expect(reads).toBe(1);
    clock.advance(1);
    await isKnown();
    expect(reads).toBe(2);
  });

  it('that are new are found as soon as a token names one', async () => {
    const old = issuer.kid();
    await isKnown();
    await issuer.rotate();
    clock.advance(coolDownMs);
    expect(await isKnown()).toBe(true);
    expect(await isKnown(old)).toBe(false);
  });

  it('are not read more often than the cool-down allows, however many unknown names come', async () => {
    await isKnown();
    for (let second = 0; second < 60; second += 1) {
      expect(await isKnown(`made up ${second}`)).toBe(false);
      clock.advance(1_000);
    }
    expect(reads).toBe(1 + Math.floor(59_000 / coolDownMs));
    expect(await isKnown()).toBe(true);
  });

  it('that cannot be read are asked for again after a while, with one line in the log a try', async () => {
    read = isDown;
    for (let time = 0; time < 10; time += 1) await expect(isKnown()).rejects.toThrow(SigningKeysUnavailable);
    expect([reads, warnings]).toEqual([1, ['signing keys not read']]);
    read = async () => issuer.keySet();
    clock.advance(failedCoolDownMs);
    expect(await isKnown()).toBe(true);
    expect(reads).toBe(2);
  });

  it('that are held stay good for a day while new ones cannot be read', async () => {
    await isKnown();
    read = isDown;
    clock.advance(24 * hourMs - 1);
    expect(await isKnown()).toBe(true);
    clock.advance(failedCoolDownMs);
    await expect(isKnown()).rejects.toThrow(SigningKeysUnavailable);
    read = async () => issuer.keySet();
    clock.advance(failedCoolDownMs);
    expect(await isKnown()).toBe(true);
  });

  it('of an unknown name may exist while the issuer is down, and are not denied then', async () => {
    await isKnown();
    read = isDown;
    clock.advance(coolDownMs);
    await expect(isKnown('perhaps')).rejects.toThrow(SigningKeysUnavailable);
    expect(await isKnown()).toBe(true);
  });
});
