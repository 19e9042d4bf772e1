// What `npm start` prints.
import { expect, it } from 'vitest';
import { localAccount } from '../../../local/account.js';
import { greeting, jsonGreeting } from '../../../local/greeting.js';

const account = { batchUrl: 'http://127.0.0.1:7071', account: localAccount.name, key: localAccount.key };
const storage = 'DefaultEndpointsProtocol=http;AccountName=devstoreaccount1';
const endpoint = { ...account, connectionStrings: { storage } };

it('the JSON line is one line with exactly the endpoint, the account, the key and the storage', () => {
  const text = jsonGreeting(endpoint);
  expect(text.split('\n')).toHaveLength(2);
  expect(JSON.parse(text)).toEqual({ ...account, storage });
});

it('the greeting names az, Python and JavaScript with everything each needs', () => {
  const text = greeting(endpoint, undefined);
  const lines = text.split('\n').filter((line) => line.includes(endpoint.key));
  expect(lines.filter((line) => line.includes(endpoint.account)).length).toBeGreaterThanOrEqual(3);
  expect(text).toContain(`AZURE_STORAGE_CONNECTION_STRING='${storage}'`);
  expect(text).toContain(`--account-endpoint ${endpoint.batchUrl}`);
});

it('the local account has a key of 64 bytes, as a Batch account has', () => {
  expect(Buffer.from(localAccount.key, 'base64')).toHaveLength(64);
  expect(localAccount.name).toMatch(/^[a-z0-9]{3,24}$/);
});
