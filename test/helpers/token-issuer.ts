// An issuer of access tokens as Entra ID is one: keys with names, tokens signed by them, and an address where the public halves stand.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type JSONWebKeySet, type JWTPayload } from 'jose';
import { z } from 'zod';
import type { EntraSettings } from '../../shared/entra/access-token.js';

export const issuerName = 'https://sts.example.org/tenant/';
export const audience = 'https://batch.core.windows.net/';
export const principalId = '0f0e0d0c-0000-4000-8000-00000000000a';

export type Signing = { readonly kid?: string; readonly header?: Readonly<Record<string, unknown>> };
export type TokenIssuer = {
  keySet(): JSONWebKeySet;
  /** Signs with a new key from now on; the old one is published no longer. */
  rotate(): Promise<void>;
  /** A token that is good at `now` for ten minutes, unless `claims` say otherwise; an undefined claim is left out. */
  issue(now: Date, claims?: JWTPayload, signing?: Signing): Promise<string>;
  /** The name of the key it signs with. */
  kid(): string;
};

export async function createTokenIssuer(): Promise<TokenIssuer> {
  let count = 0;
  const newKey = async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    const kid = `key-${(count += 1)}`;
    return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig' } };
  };
  let key = await newKey();
  return {
    keySet: () => ({ keys: [key.jwk] }),
    async rotate() {
      key = await newKey();
    },
    kid: () => key.kid,
    issue(now, claims = {}, { kid = key.kid, header = {} } = {}) {
      const seconds = Math.floor(now.getTime() / 1000);
      const times = { iat: seconds, nbf: seconds, exp: seconds + 600 };
      const payload = { iss: issuerName, aud: audience, oid: principalId, sub: 'subject', ...times, ...claims };
      return new SignJWT(payload).setProtectedHeader({ typ: 'JWT', ...header, alg: 'RS256', kid }).sign(key.privateKey);
    },
  };
}

export const entraSettings: EntraSettings = {
  issuers: [issuerName],
  audience,
  jwksUrl: 'https://sts.example.org/keys',
  principals: [principalId],
  roles: [],
};

export type KeySetServer = {
  readonly url: string;
  /** How often it was asked. */
  asked(): number;
  /** From now on it answers this; 'hang' is no answer at all. */
  answer(with_: { readonly status: number; readonly body: string } | 'hang'): void;
  close(): Promise<void>;
};

/** Serves the keys of `issuer` over HTTP on this machine, until told otherwise. */
export async function startKeySetServer(issuer: TokenIssuer): Promise<KeySetServer> {
  let asked = 0;
  let answering: { readonly status: number; readonly body: string } | 'hang' | undefined;
  const server = createServer((_request, response) => {
    asked += 1;
    const { status, body } =
      answering === undefined || answering === 'hang'
        ? { status: 200, body: JSON.stringify(issuer.keySet()) }
        : answering;
    if (answering !== 'hang') response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${port}/keys`,
    asked: () => asked,
    answer(next) {
      answering = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
