// The settings: the sample names the same ones, and a mistake is told by its name and never by its value.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { defaultImages } from '../../shared/account/supported-image.js';
import { loadConfig, settingsSchema } from '../../shared/config.js';

const samplePath = fileURLToPath(new URL('../../local.settings.sample.json', import.meta.url));
const sample = JSON.parse(readFileSync(samplePath, 'utf8')) as { Values: Record<string, string> };
/** What the Functions host itself reads. */
const hostSettings = ['FUNCTIONS_WORKER_RUNTIME', 'AzureWebJobsStorage'];

const key = Buffer.alloc(32, 7).toString('base64');
const least = {
  ServiceBusConnection: 'Endpoint=sb://127.0.0.1:5672;UseDevelopmentEmulator=true',
  NodesServiceBusConnection: 'Endpoint=sb://127.0.0.1:5672;SharedAccessKeyName=nodes;UseDevelopmentEmulator=true',
  StorageConnection: 'UseDevelopmentStorage=true',
  BatchAccountName: 'bookend',
  BatchAccountKey: key,
};

function messageOf(environment: Record<string, string | undefined>): string {
  try {
    loadConfig(environment);
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  throw new Error('The settings were accepted');
}

describe('the sample of local settings', () => {
  test('names every setting that is read, and no other', () => {
    const named = Object.keys(sample.Values).filter((name) => !hostSettings.includes(name));
    expect(named.sort()).toEqual(Object.keys(settingsSchema.shape).sort());
  });

  test('names what the host needs', () => {
    expect(Object.keys(sample.Values)).toEqual(expect.arrayContaining(hostSettings));
  });

  test('is accepted once its placeholders are filled in', () => {
    const filled = Object.entries(sample.Values).map(([name, value]) => [name, value.replace(/<[^>]*>/, key)]);
    expect(() => loadConfig(Object.fromEntries(filled) as Record<string, string>)).not.toThrow();
  });

  test('shows the defaults where there are any', () => {
    const { table, container, logLevel } = loadConfig(least);
    expect({ table, container, logLevel }).toEqual({
      table: sample.Values['BookendTable'],
      container: sample.Values['BookendContainer'],
      logLevel: sample.Values['BookendLogLevel'],
    });
  });
});

describe('settings', () => {
  test('are read with the least that must be given', () => {
    expect(loadConfig(least)).toEqual({
      serviceBusConnection: least.ServiceBusConnection,
      nodesServiceBusConnection: least.NodesServiceBusConnection,
      storageConnection: least.StorageConnection,
      account: { name: 'bookend', keys: [key] },
      table: 'bookend',
      container: 'bookend',
      releaseAfter: 'task',
      orderUrlValidMs: 86_400_000,
      applications: [],
      supportedImages: defaultImages,
      logLevel: 'info',
    });
  });

  test('may have a second key, so that one can be rotated', () => {
    const second = Buffer.alloc(32, 9).toString('base64');
    expect(loadConfig({ ...least, BatchAccountSecondaryKey: second }).account.keys).toEqual([key, second]);
  });

  const entra = {
    BookendEntraIssuer: 'https://sts.windows.net/tenant/, https://login.microsoftonline.com/tenant/v2.0',
    BookendEntraJwksUrl: 'https://login.microsoftonline.com/tenant/discovery/keys',
    BookendEntraPrincipals: 'AAAA-1,bbbb-2',
  };

  test('for tokens of Entra ID are taken together, and none of them is nobody', () => {
    expect(loadConfig({ ...least, ...entra }).entra).toEqual({
      issuers: ['https://sts.windows.net/tenant/', 'https://login.microsoftonline.com/tenant/v2.0'],
      audience: 'https://batch.core.windows.net/',
      jwksUrl: entra.BookendEntraJwksUrl,
      principals: ['aaaa-1', 'bbbb-2'],
      roles: [],
    });
    expect(loadConfig({ ...least, BookendEntraIssuer: '', BookendEntraPrincipals: ' , ' }).entra).toBeUndefined();
  });

  test.each([
    ['BookendEntraIssuer', ''],
    ['BookendEntraJwksUrl', ''],
    ['BookendEntraPrincipals', ''],
    ['BookendEntraJwksUrl', 'http://login.microsoftonline.com/keys'],
    ['BookendEntraJwksUrl', 'https://user:password@login.microsoftonline.com/keys'],
    ['BookendEntraJwksUrl', 'file:///etc/keys'],
    ['BookendEntraJwksUrl', 'keys'],
    ['BookendEntraAudience', ''],
  ])('for tokens of Entra ID open nothing when %s is "%s"', (name, value) => {
    const message = messageOf({ ...least, ...entra, [name]: value });
    expect(message).toMatch(new RegExp(`${name}: .*expected`));
  });

  test('declare the account’s applications and images as JSON', () => {
    const image = {
      nodeAgentSKUId: 'batch.node.own 1',
      imageReference: { publisher: 'p', offer: 'o', sku: 's', version: '1' },
      osType: 'linux',
      verificationType: 'unverified',
    };
    const declared = loadConfig({
      ...least,
      BookendApplications: '[{"id":"blender","displayName":"Blender","versions":["4.2"]},{"id":"bare"}]',
      BookendSupportedImages: JSON.stringify([image]),
    });
    expect(declared.applications).toEqual([
      { id: 'blender', displayName: 'Blender', versions: ['4.2'] },
      { id: 'bare', displayName: 'bare', versions: [] },
    ]);
    expect(declared.supportedImages).toEqual([image]);
  });

  test('that are missing are named all at once', () => {
    const message = messageOf({});
    for (const name of Object.keys(least)) expect(message).toContain(name);
    expect(message).toContain('local.settings.sample.json');
  });

  test.each([
    ['BatchAccountName', 'Secret-Name!'],
    ['BatchAccountKey', 'c2VjcmV0'],
    ['BatchAccountKey', 'secret that is no base64 at all, however long it is'],
    ['BatchAccountSecondaryKey', 'c2VjcmV0'],
    ['BookendTable', '1-secret'],
    ['BookendContainer', 'Secret'],
    ['BookendLogLevel', 'secret'],
    ['BookendApplications', 'secret'],
    ['BookendApplications', '{"id":"secret"}'],
    ['BookendApplications', '[{"id":"a secret"}]'],
    ['BookendApplications', '[{"id":"a","secret":1}]'],
    ['BookendApplications', '[{"id":"a"},{"id":"A","versions":["secret"]}]'],
    ['BookendSupportedImages', '[{"nodeAgentSKUId":"secret"}]'],
    ['ServiceBusConnection', ''],
    ['StorageConnection', ''],
  ])('with a faulty %s are refused by its name, without its value', (name, value) => {
    const message = messageOf({ ...least, [name]: value });
    expect(message).toMatch(new RegExp(`${name}: .*expected`));
    expect(Object.keys(least).filter((other) => other !== name && message.includes(`${other}:`))).toEqual([]);
    if (value !== '') expect(message).not.toContain(value);
  });
});
