// Nothing of the app answers a stranger but what carries no data: every function that it registers is asked without signature, with a wrong
// one, and with tokens that are none of it.
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { listRoutes, startApp, type AppProgram, type HttpRoute } from '../../helpers/app-program.js';
import {
  createTokenIssuer,
  issuerName,
  principalId,
  startKeySetServer,
  type KeySetServer,
} from '../../helpers/token-issuer.js';
import { account, version } from '../../unit/rest/signed-request.js';

/** What anybody may ask: whether the app is up, and how its API looks. */
const open = ['health', 'get-api-description'];

const errorSchema = z.strictObject({
  'odata.metadata': z.string(),
  code: z.string(),
  message: z.strictObject({ lang: z.literal('en-US'), value: z.string().regex(/^.+\nRequestId:.+\nTime:.+$/) }),
  values: z.array(z.strictObject({ key: z.string(), value: z.string() })).optional(),
});

let routes: readonly HttpRoute[];
let app: AppProgram;
let keySet: KeySetServer;
let strangersToken: string;
let token: string;

beforeAll(async () => {
  const issuer = await createTokenIssuer();
  strangersToken = await issuer.issue(new Date(), { oid: 'a stranger', sub: 'of the same tenant' });
  token = await issuer.issue(new Date());
  keySet = await startKeySetServer(issuer);
  routes = await listRoutes();
  app = await startApp(
    routes.map(({ name }) => name),
    {
      BatchAccountName: account.name,
      BatchAccountKey: account.keys[0] ?? '',
      BookendEntraIssuer: issuerName,
      BookendEntraJwksUrl: keySet.url,
      BookendEntraPrincipals: principalId,
    },
  );
});
afterAll(async () => {
  await app.stop();
  await keySet.close();
});

type Answer = { readonly status: number; readonly phrase: string; readonly code: string | undefined };

/** Asks as no client library would, and reads the error in the answer; a HEAD has none. */
function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { port: app.port, host: '127.0.0.1', method, path, headers, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          const { statusCode: status = 0, statusMessage: phrase = '' } = response;
          if (status < 400 || text === '') return resolve({ status, phrase, code: undefined });
          const error = errorSchema.safeParse(JSON.parse(text)).data;
          if (error === undefined) return reject(new Error(`${method} ${path} was refused in another form: ${text}`));
          const [line] = error.message.value.split('\n');
          if (phrase !== line?.slice(0, 256)) return reject(new Error(`The reason phrase was ${phrase}, not ${line}`));
          resolve({ status, phrase, code: error.code });
        });
      },
    );
    request.on('error', reject);
    request.end();
  });
}

const pathOf = ({ route }: HttpRoute): string =>
  `/${route.replace(/\{\*?[^}]*\}/g, (parameter) => (parameter.startsWith('{*') ? 'nothing/here' : 'x'))}?${version}`;
const date = () => new Date().toUTCString();

const strangers: readonly [string, () => Record<string, string>, number, readonly string[]][] = [
  ['no signature', () => ({}), 400, ['MissingRequiredHeader']],
  [
    'a signature by another key',
    () => ({ authorization: `SharedKey ${account.name}:${'A'.repeat(43)}=`, 'ocp-date': date() }),
    403,
    ['AuthenticationFailed'],
  ],
  [
    'a scheme that is not known',
    () => ({ authorization: 'Basic Ym9va2VuZDpib29rZW5k', 'ocp-date': date() }),
    400,
    ['InvalidAuthenticationInfo'],
  ],
  ['no token', () => ({ authorization: 'Bearer ' }), 400, ['InvalidAuthenticationInfo']],
  ['a token that is none', () => ({ authorization: 'Bearer a.b.c' }), 400, ['InvalidAuthenticationInfo']],
];

describe('every registered function', () => {
  test('is known to this test by its route', () => {
    expect(routes.length).toBeGreaterThan(40);
    expect(routes.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['health', 'join-node', 'list-join-keys', 'catch-all']),
    );
  });

  test.each(strangers)('refuses a request with %s, unless it carries no data', async (_, headers, status, codes) => {
    const answered: string[] = [];
    for (const route of routes) {
      for (const method of route.methods) {
        const answer = await ask(method, pathOf(route), headers());
        if (open.includes(route.name)) continue;
        const isRefused = method === 'HEAD' ? answer.code === undefined : codes.includes(answer.code ?? '');
        // A machine joins with a token of its own kind, and these are none.
        const isJoin =
          route.name === 'join-node' && /^(InvalidAuthenticationInfo|AuthenticationFailed)$/.test(answer.code ?? '');
        if (isJoin || (answer.status === status && isRefused)) continue;
        answered.push(`${method} ${route.route}: ${answer.status} ${answer.code}`);
      }
    }
    expect(answered).toEqual([]);
  });

  test('refuses a good token of somebody who may not use the account', async () => {
    for (const route of routes.filter(({ name }) => ![...open, 'join-node'].includes(name))) {
      const [method = 'GET'] = route.methods;
      const answer = await ask(method, pathOf(route), { authorization: `Bearer ${strangersToken}` });
      expect([route.name, answer.status]).toEqual([route.name, 403]);
    }
  });
});

test('a good token of somebody who may opens what it closed to strangers', async () => {
  const answer = await ask('GET', `/nothing?${version}`, { authorization: `Bearer ${token}` });
  expect(answer).toMatchObject({ status: 404, code: 'ResourceNotFound' });
});

describe('what no function answers', () => {
  test.each([
    '/',
    '/nothing',
    '/jobs/a/b/c/d',
    '/%2e%2e/%2e%2e/etc/passwd',
    '//jobs',
    '/JOBS',
    '/$metadata',
    '/jobs%00',
    '/jobs/%zz',
  ])('is refused on %s', async (path) => {
    const answer = await ask('GET', `${path}?${version}`);
    expect(['MissingRequiredHeader', 'InvalidUri']).toContain(answer.code);
    expect(answer.status).toBe(400);
  });

  test.each(['OPTIONS', 'PUT', 'PATCH', 'DELETE', 'POST'])('is refused with the verb %s', async (method) => {
    for (const path of ['/jobs', '/pools/p', '/health', '/nothing']) {
      expect(await ask(method, `${path}?${version}`)).toMatchObject({ status: 400, code: 'MissingRequiredHeader' });
    }
  });

  test.each(['TRACE', 'PROPFIND', 'LINK', 'SEARCH', 'M-SEARCH', 'PURGE'])(
    'is refused with the odd verb %s',
    async (method) => {
      expect(await ask(method, `/jobs?${version}`)).toMatchObject({ status: 400, code: 'InvalidHttpVerb' });
    },
  );

  test('is refused when the version is missing, before anything else', async () => {
    expect(await ask('GET', '/jobs')).toMatchObject({ status: 400, code: 'MissingRequiredQueryParameter' });
  });

  test('leads nowhere else by a target of another form', async () => {
    const first = await new Promise<string>((resolve, reject) => {
      const socket = connect(app.port, '127.0.0.1');
      socket.write('GET http://169.254.169.254/latest HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      socket.on('close', () => resolve(text)).on('error', reject);
    });
    expect(first).toMatch(/^HTTP\/1\.1 400 The query parameter api-version is missing\.\r\n/);
  });
});

test('health says nothing but that it is there', async () => {
  expect(await ask('GET', '/health')).toEqual({ status: 200, phrase: 'OK', code: undefined });
});
