// Tokens that must be let in, and every way of forging one that the field knows.
import { createPublicKey, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { base64url, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { createTokenVerifier, type EntraSettings } from '../../../shared/entra/access-token.js';
import { createSigningKeys } from '../../../shared/entra/signing-keys.js';
import { silentLog } from '../../../shared/log.js';
import { createManualClock } from '../../helpers/manual-clock.js';
import {
  audience,
  createTokenIssuer,
  entraSettings,
  issuerName,
  principalId,
  type TokenIssuer,
} from '../../helpers/token-issuer.js';
import { laterRefusalOf } from '../rest/refusal.js';

const now = new Date('2026-01-01T00:00:00.000Z');
const seconds = now.getTime() / 1000;
let issuer: TokenIssuer;

beforeAll(async () => {
  issuer = await createTokenIssuer();
});

function verifierFor(settings: Partial<EntraSettings> = {}) {
  let reads = 0;
  const read = async () => {
    reads += 1;
    return issuer.keySet();
  };
  const keys = createSigningKeys({ read, clock: createManualClock(), log: silentLog });
  const verify = createTokenVerifier({ ...entraSettings, ...settings }, keys);
  return { verify, reads: () => reads };
}

const good: JWTPayload = { iss: issuerName, aud: audience, oid: principalId, exp: seconds + 600 };
const publicKeyOf = (): KeyObject => createPublicKey({ key: { ...issuer.keySet().keys[0] }, format: 'jwk' });

describe('a token', () => {
  it('that the issuer signed for this service names its principal', async () => {
    expect(await verifierFor().verify(await issuer.issue(now), now)).toBe(principalId);
  });

  it.each([
    ['expired', { exp: seconds - 60 }],
    ['is not valid yet', { nbf: seconds + 61 }],
    ['tells no expiry', { exp: undefined }],
    ['is for another audience', { aud: 'https://management.azure.com/' }],
    ['is for the audience without its slash', { aud: audience.slice(0, -1) }],
    ['is for another audience as well', { aud: [audience, 'https://management.azure.com/'] }],
    ['has no audience', { aud: undefined }],
    ['is of another issuer', { iss: 'https://sts.example.org/other/' }],
    ['has no issuer', { iss: undefined }],
  ] as [string, JWTPayload][])('that %s is refused, and no key is read for it', async (_, claims) => {
    const { verify, reads } = verifierFor();
    const refusal = await laterRefusalOf(verify(await issuer.issue(now, claims), now));
    expect(refusal.code).toBe('AuthenticationFailed');
    expect(refusal.values['AuthenticationErrorDetail']).toMatch(/^The token .*\.$/);
    expect(reads()).toBe(0);
  });

  it('may come a minute after it expired or before it is valid, as clocks differ', async () => {
    const { verify } = verifierFor();
    expect(await verify(await issuer.issue(now, { exp: seconds - 59 }), now)).toBe(principalId);
    expect(await verify(await issuer.issue(now, { nbf: seconds + 60 }), now)).toBe(principalId);
  });

  it.each(['', 'x', 'a.b.c', 'a.b', '....', 'eyJhbGciOiJSUzI1NiJ9.e30', 'e30.e30.'])(
    'that is none is refused: %j',
    async (text) => {
      const refusal = await laterRefusalOf(verifierFor().verify(text, now));
      expect(['InvalidAuthenticationInfo', 'AuthenticationFailed']).toContain(refusal.code);
    },
  );

  it('is refused once any character of it is another', async () => {
    const token = await issuer.issue(now);
    const { verify } = verifierFor();
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.';
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: token.length - 1 }), fc.constantFrom(...alphabet), async (at, character) => {
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        // The last character of each part carries bits that stand for nothing.
        const isSame = token.split('.').every((part, index) => {
          const other = changed.split('.')[index] ?? '';
          return base64url.decode(part).join() === safeDecode(other);
        });
        fc.pre(!isSame);
        const refusal = await laterRefusalOf(verify(changed, now));
        expect(['InvalidAuthenticationInfo', 'AuthenticationFailed']).toContain(refusal.code);
      }),
      { numRuns: 300 },
    );
  });
});

function safeDecode(text: string): string | undefined {
  try {
    return base64url.decode(text).join();
  } catch {
    return undefined;
  }
}

describe('a forged token is refused', () => {
  const refused = async (token: string): Promise<void> => {
    expect((await laterRefusalOf(verifierFor().verify(token, now))).code).toBe('AuthenticationFailed');
  };

  it('when it is not signed at all', async () => {
    const unsigned = new UnsecuredJWT(good).encode();
    await refused(unsigned);
    const named = base64url.encode(JSON.stringify({ alg: 'none', kid: issuer.kid() }));
    await refused(`${named}.${unsigned.split('.')[1]}.`);
    const claimsAlgorithm = base64url.encode(JSON.stringify({ alg: 'RS256', kid: issuer.kid() }));
    await refused(`${claimsAlgorithm}.${unsigned.split('.')[1]}.`);
  });

  it('when the public key was taken for a shared secret', async () => {
    const [jwk] = issuer.keySet().keys;
    const secrets = [
      publicKeyOf().export({ type: 'spki', format: 'pem' }),
      publicKeyOf().export({ type: 'spki', format: 'der' }),
      JSON.stringify(jwk),
      jwk?.n ?? '',
    ];
    for (const secret of secrets) {
      const sign = new SignJWT(good).setProtectedHeader({ alg: 'HS256', kid: issuer.kid() });
      await refused(await sign.sign(Buffer.from(secret)));
    }
  });

  it('when another key signed it, under the name of a known one or under its own', async () => {
    const stranger = await generateKeyPair('RS256');
    for (const kid of [issuer.kid(), 'strange', '']) {
      await refused(await new SignJWT(good).setProtectedHeader({ alg: 'RS256', kid }).sign(stranger.privateKey));
    }
  });

  it('when it brings its own key, or an address of one', async () => {
    const stranger = await generateKeyPair('RS256', { extractable: true });
    const jwk = await exportJWK(stranger.publicKey);
    for (const header of [{ jwk }, { jku: 'https://example.org/keys' }, { x5u: 'https://example.org/chain' }]) {
      const sign = new SignJWT(good).setProtectedHeader({ ...header, alg: 'RS256', kid: issuer.kid() });
      await refused(await sign.sign(stranger.privateKey));
    }
  });

  it('when it is signed well with an algorithm that is not one of those allowed', async () => {
    const { privateKey } = await generateKeyPair('RS512');
    await refused(await new SignJWT(good).setProtectedHeader({ alg: 'RS512', kid: issuer.kid() }).sign(privateKey));
  });

  it('when it names no key', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    await refused(await new SignJWT(good).setProtectedHeader({ alg: 'RS256' }).sign(privateKey));
  });
});

describe('a principal with a good token', () => {
  const outcome = async (settings: Partial<EntraSettings>, claims: JWTPayload): Promise<string> => {
    const answer = verifierFor({ principals: [], ...settings }).verify(await issuer.issue(now, claims), now);
    return answer.catch(async () => (await laterRefusalOf(answer)).code);
  };
  const other = '11111111-0000-4000-8000-00000000000b';

  it.each([
    ['by its object id, in any letter case', { principals: [principalId] }, { oid: principalId.toUpperCase() }],
    ['by its subject', { principals: ['subject'] }, { oid: undefined }],
    ['by its application id, where it acts by itself', { principals: [other] }, { appid: other }],
    ['by the application id of newer tokens', { principals: [other] }, { azp: other }],
    ['by a role', { roles: ['Batch.Use'] }, { roles: ['Other', 'Batch.Use'] }],
    ['when everybody is allowed', { principals: ['*'] }, { oid: other }],
  ] as [string, Partial<EntraSettings>, JWTPayload][])('is let in %s', async (_, settings, claims) => {
    const { oid = principalId, sub = 'subject' } = claims;
    expect([oid, sub]).toContain(await outcome(settings, claims));
  });

  it.each([
    ['that nobody named', { principals: [other], roles: ['Batch.Use'] }, { roles: ['Other'] }],
    ['when nobody at all is named', {}, {}],
    ['that is a person with a named program', { principals: [other] }, { appid: other, scp: 'user_impersonation' }],
    ['with a role in another letter case', { roles: ['Batch.Use'] }, { roles: ['batch.use'] }],
    ['whose roles are no list', { roles: ['Batch.Use'] }, { roles: 'Batch.Use' }],
    ['without any name', { principals: ['undefined', ''] }, { oid: undefined, sub: undefined }],
  ] as [string, Partial<EntraSettings>, JWTPayload][])('is refused: one %s', async (_, settings, claims) => {
    expect(await outcome(settings, claims)).toBe('InsufficientAccountPermissions');
  });
});
