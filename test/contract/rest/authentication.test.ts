// The real client against the wrapper over a socket: tokens of an issuer whose keys are read over HTTP, and account keys that are rotated.
import batch from '@azure/batch';
import { AzureIdentityCredentialAdapter } from '@azure/ms-rest-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../../shared/clock.js';
import { loadConfig } from '../../../shared/config.js';
import { createTokenVerifier } from '../../../shared/entra/access-token.js';
import { createHttpKeySet } from '../../../shared/entra/http-key-set.js';
import { coolDownMs, createSigningKeys, failedCoolDownMs } from '../../../shared/entra/signing-keys.js';
import { createOperation } from '../../../shared/rest/operation.js';
import type { Services } from '../../../shared/services.js';
import { eventually } from '../../helpers/eventually.js';
import { startOperationServer, type OperationServer } from '../../helpers/operation-server.js';
import {
  audience,
  createTokenIssuer,
  issuerName,
  principalId,
  startKeySetServer,
  type KeySetServer,
  type TokenIssuer,
} from '../../helpers/token-issuer.js';
import { createSkippableClock, type SkippableClock } from '../../helpers/skippable-clock.js';
import { createRestServices, type RestServices } from '../../unit/rest/rest-services.js';

const newKey = (text: string): string => Buffer.from(text.padEnd(32, '.')).toString('base64');
const settings = {
  ServiceBusConnection: 'x',
  NodesServiceBusConnection: 'x',
  StorageConnection: 'x',
  BatchAccountName: 'bookend',
  BatchAccountKey: newKey('first'),
};

let services: Services;
let lines: RestServices['lines'];
let server: OperationServer;
const operation = createOperation(() => services);

beforeAll(async () => {
  const listJobs = operation('list-jobs', {}, async () => ({ status: 200, metadata: 'jobs', list: { items: [] } }));
  server = await startOperationServer([['GET', /^\/jobs$/, listJobs]]);
});
afterAll(() => server.close());

const refusalSchema = z.object({ statusCode: z.number(), code: z.string() });
type Client = InstanceType<typeof batch.BatchServiceClient>;

/** 'accepted', or the code of the refusal. */
async function outcome(client: Client): Promise<string> {
  return client.job.list().then(
    () => 'accepted',
    (error: unknown) => refusalSchema.parse(error).code,
  );
}

describe('a client with tokens of Entra ID', () => {
  let issuer: TokenIssuer;
  let keySet: KeySetServer;
  let clock: SkippableClock;

  beforeEach(async () => {
    issuer = await createTokenIssuer();
    keySet = await startKeySetServer(issuer);
    clock = createSkippableClock();
    const config = loadConfig({
      ...settings,
      BookendEntraIssuer: issuerName,
      BookendEntraJwksUrl: keySet.url,
      BookendEntraPrincipals: principalId.toUpperCase(),
    });
    if (config.entra === undefined) throw new Error('The settings of Entra ID were not taken');
    const base = createRestServices();
    lines = base.lines;
    const keys = createSigningKeys({ read: createHttpKeySet(config.entra.jwksUrl), clock, log: base.log });
    services = { ...base, clock, config, verifyToken: createTokenVerifier(config.entra, keys) };
  });
  afterEach(() => keySet.close());

  const clientWith = (token: string): Client => {
    const credential = { getToken: async () => ({ token, expiresOnTimestamp: systemClock.now().getTime() + 600_000 }) };
    const scope = `${audience}/.default`;
    return new batch.BatchServiceClient(new AzureIdentityCredentialAdapter(credential, scope), server.url, {
      noRetryPolicy: true,
    });
  };
  const issue: TokenIssuer['issue'] = (...of) => issuer.issue(...of);

  it('is served, and the log names its principal and not its token', async () => {
    const token = await issue(clock.now());
    expect(await outcome(clientWith(token))).toBe('accepted');
    expect(lines).toMatchObject([{ message: 'operation answered', fields: { principal: principalId } }]);
    for (const part of token.split('.')) expect(JSON.stringify(lines)).not.toContain(part);
  });

  it.each([
    ['an expired token', { exp: 1 }, 'AuthenticationFailed'],
    ['a token for another service', { aud: 'https://management.azure.com/' }, 'AuthenticationFailed'],
    ['a token of another issuer', { iss: `${issuerName}other` }, 'AuthenticationFailed'],
    ['the token of somebody else', { oid: 'somebody', sub: 'else' }, 'InsufficientAccountPermissions'],
  ])('is refused with %s', async (_, claims, code) => {
    expect(await outcome(clientWith(await issue(clock.now(), claims)))).toBe(code);
  });

  it('is refused with what is no token, and without an answer of 5xx', async () => {
    expect(await outcome(clientWith('no token'))).toBe('InvalidAuthenticationInfo');
    expect(await outcome(clientWith('a.b.c'))).toBe('InvalidAuthenticationInfo');
    expect(keySet.asked()).toBe(0);
  });

  it('goes on with its next token when the issuer changes its keys', async () => {
    const old = await issue(clock.now());
    expect(await outcome(clientWith(old))).toBe('accepted');
    await issuer.rotate();
    clock.skip(coolDownMs);
    expect(await outcome(clientWith(await issue(clock.now())))).toBe('accepted');
    expect(await outcome(clientWith(old))).toBe('AuthenticationFailed');
    expect(keySet.asked()).toBe(2);
  });

  it.each([
    ['answers 500', { status: 500, body: '' }],
    ['answers what are no keys', { status: 200, body: '<html>' }],
    ['answers no keys', { status: 200, body: '{"keys":[]}' }],
    ['answers symmetric keys only', { status: 200, body: '{"keys":[{"kty":"oct","kid":"key-1","k":"AAAA"}]}' }],
    ['answers without end', { status: 200, body: 'x'.repeat(600_000) }],
    ['leads elsewhere', { status: 302, body: '' }],
  ])('is told to come again while its issuer %s, and served afterwards', async (_, answer) => {
    keySet.answer(answer);
    const token = await issue(clock.now());
    const failed = await clientWith(token)
      .job.list()
      .catch((error: unknown) => refusalSchema.parse(error));
    expect(failed).toEqual({ statusCode: 503, code: 'ServerBusy' });
    expect(lines.filter(({ message }) => message === 'signing keys not read')).toHaveLength(1);
    // What could never be good is told so at once, outage or not.
    expect(await outcome(clientWith(await issue(clock.now(), { exp: 1 })))).toBe('AuthenticationFailed');
    keySet.answer({ status: 200, body: JSON.stringify(issuer.keySet()) });
    clock.skip(failedCoolDownMs);
    expect(await outcome(clientWith(token))).toBe('accepted');
  });

  it('goes on with the keys that are known while its issuer is gone', async () => {
    const token = await issue(clock.now(), { exp: Math.floor(clock.now().getTime() / 1000) + 86_400 });
    expect(await outcome(clientWith(token))).toBe('accepted');
    keySet.answer({ status: 500, body: '' });
    clock.skip(2 * 3_600_000);
    expect(await outcome(clientWith(token))).toBe('accepted');
  });

  it('is refused where no issuer is configured', async () => {
    services = { ...createRestServices(), clock, config: loadConfig(settings) };
    expect(await outcome(clientWith(await issue(clock.now())))).toBe('AuthenticationFailed');
  });
});

describe('two account keys', () => {
  const configure = (primary: string, secondary: string): void => {
    const config = loadConfig({ ...settings, BatchAccountKey: primary, BatchAccountSecondaryKey: secondary });
    services = { ...createRestServices(), clock: systemClock, config };
  };
  const clientOf = (key: string): Client =>
    new batch.BatchServiceClient(new batch.BatchSharedKeyCredentials('bookend', key), server.url, {
      noRetryPolicy: true,
    });

  it('are rotated one after the other while clients of both run, and no request of theirs is refused', async () => {
    const [first, second, third, fourth] = ['first', 'second', 'third', 'fourth'].map(newKey);
    if (!first || !second || !third || !fourth) throw new Error('There are four keys');
    configure(first, second);
    let key = first;
    let isRunning = true;
    const seen: string[][] = [[], [], []];
    const clients = seen.map(async (outcomes) => {
      while (isRunning) outcomes.push(await outcome(clientOf(key)));
    });
    // Two more of each: the first of them may have been under way with the key before.
    const seenMore = async (): Promise<void> => {
      const before = seen.map(({ length }) => length);
      await eventually('two answers more for every client', () =>
        seen.every((outcomes, index) => outcomes.length >= (before[index] ?? 0) + 2),
      );
    };
    await seenMore();
    // Clients go over to the secondary, then the primary is made anew, and the reverse.
    key = second;
    await seenMore();
    configure(third, second);
    await seenMore();
    expect(await outcome(clientOf(first))).toBe('AuthenticationFailed');
    key = third;
    await seenMore();
    configure(third, fourth);
    await seenMore();
    isRunning = false;
    await Promise.all(clients);
    expect(new Set(seen.flat())).toEqual(new Set(['accepted']));
    const working = await Promise.all([first, second, third, fourth].map((each) => outcome(clientOf(each))));
    expect(working).toEqual(['AuthenticationFailed', 'AuthenticationFailed', 'accepted', 'accepted']);
  });
});
