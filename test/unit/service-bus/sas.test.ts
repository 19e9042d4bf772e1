// Who gets in: tokens and what they cover.
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { answerPutToken } from '../../../local/service-bus/nodes/cbs.js';
import { createClaims, type Claims } from '../../../local/service-bus/nodes/claims.js';
import { checkToken, type AccessKey, type Right } from '../../../local/service-bus/nodes/sas.js';
import { readRequest } from '../../../local/service-bus/amqp/request-message.js';
import { fromMap, integerOf, text, textMap, type AmqpValue } from '../../../local/service-bus/amqp/values.js';

const accessKey: AccessKey = { keyName: 'Root', key: 'the+key/is=text, not base64', rights: ['Manage'] };
const listenKey: AccessKey = { keyName: 'Ears', key: 'only-for-listening', rights: ['Listen'] };
const accessKeys = [accessKey, listenKey];
const nowMs = 1_800_000_000_000;
const soon = nowMs / 1000 + 60;

function sign(resource: string, { key = accessKey.key, name = accessKey.keyName, expiry = String(soon) } = {}): string {
  const sr = encodeURIComponent(resource);
  const sig = createHmac('sha256', Buffer.from(key, 'utf8')).update(`${sr}\n${expiry}`).digest('base64');
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${expiry}&skn=${encodeURIComponent(name)}`;
}

describe('a shared access signature', () => {
  const resource = 'sb://127.0.0.1:5672/q';

  test('made with the key is valid until its expiry', () => {
    expect(checkToken(sign(resource), accessKeys, nowMs)).toMatchObject({ type: 'valid', expiresAtMs: soon * 1000 });
    expect(checkToken(sign(resource), accessKeys, soon * 1000).type).toBe('invalid');
  });

  test.each([
    ['another key', sign(resource, { key: 'another' })],
    ['another key name', sign(resource, { name: 'root' })],
    ['an expiry that is no number', sign(resource, { expiry: 'never' })],
    ['an endless expiry', sign(resource, { expiry: 'Infinity' })],
    ['no signature', 'SharedAccessSignature sr=sb%3a%2f%2fh%2fq&se=1&skn=Root'],
    ['an empty signature', sign(resource).replace(/sig=[^&]*/, 'sig=')],
    ['a resource changed after signing', sign(resource).replace('%2Fq', '%2Fother')],
    ['an expiry changed after signing', sign(resource).replace(String(soon), String(soon + 1))],
    ['a field said twice', `${sign(resource)}&se=${soon + 1}`],
    ['a broken escape', sign(resource).replace(/skn=.*/, 'skn=%')],
    ['another scheme', 'Bearer abc'],
    ['nothing', ''],
  ])('with %s is invalid', (_, token) => {
    expect(checkToken(token, accessKeys, nowMs).type).toBe('invalid');
  });
});

describe('a put-token', () => {
  const put = (
    claims: Claims,
    name: string,
    token: string,
    type = 'servicebus.windows.net:sastoken',
  ): number | undefined => {
    const applicationProperties = textMap({ operation: text('put-token'), type: text(type), name: text(name) });
    const messageId: AmqpValue = text('1');
    const request = { messageId, replyTo: 'r', applicationProperties, body: text(token) };
    const reply = readRequest(answerPutToken(request, { claims, accessKeys, nowMs }));
    return integerOf(fromMap(reply.applicationProperties, 'status-code'));
  };

  test('opens its entity and what is below it until it expires, and nothing else', () => {
    const claims = createClaims();
    expect(put(claims, 'sb://h:1/Queue', sign('sb://h:1/Queue'))).toBe(202);
    const allowed = (path: string[], at = nowMs): boolean => claims.allows(path, at, undefined);
    expect(allowed(['queue'])).toBe(true);
    expect(allowed(['queue', '$deadletterqueue'])).toBe(true);
    expect(allowed(['queue', '$management'])).toBe(true);
    expect(allowed(['queue2'])).toBe(false);
    expect(allowed([])).toBe(false);
    expect(allowed(['queue'], soon * 1000)).toBe(false);
  });

  test('for the whole namespace opens every entity', () => {
    const claims = createClaims();
    expect(put(claims, 'sb://h/', sign('sb://h/'))).toBe(202);
    expect(claims.allows(['any', '$management'], nowMs, undefined)).toBe(true);
  });

  test.each([
    ['for a longer name that starts alike', 'sb://h/q2', sign('sb://h/q')],
    ['for the entity above', 'sb://h/q', sign('sb://h/q/$management')],
    ['for another host', 'sb://h/q', sign('sb://other/q')],
    ['with a bad signature', 'sb://h/q', sign('sb://h/q', { key: 'wrong' })],
  ])('%s is refused with 401 and opens nothing', (_, name, token) => {
    const claims = createClaims();
    expect(put(claims, name, token)).toBe(401);
    expect(claims.allows(['q'], nowMs, undefined)).toBe(false);
    expect(claims.allows(['q2'], nowMs, undefined)).toBe(false);
  });

  test('gives the rights of its key and no others', () => {
    const rightsWith = (key: AccessKey): Right[] => {
      const claims = createClaims();
      put(claims, 'sb://h/q', sign('sb://h/q', { key: key.key, name: key.keyName }));
      const all: Right[] = ['Listen', 'Send', 'Manage'];
      return all.filter((right) => claims.allows(['q', '$management'], nowMs, right));
    };
    expect(rightsWith(accessKey)).toEqual(['Listen', 'Send', 'Manage']);
    expect(rightsWith(listenKey)).toEqual(['Listen']);
    expect(put(createClaims(), 'sb://h/q', sign('sb://h/q', { key: accessKey.key, name: 'Ears' }))).toBe(401);
  });

  test('of another kind of token is refused', () => {
    expect(put(createClaims(), 'sb://h/q', sign('sb://h/q'), 'jwt')).toBe(401);
  });
});
