// The blobs that the product runs on, against Azurite.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAzureBlobs } from '../../../shared/blobs/azure-blobs.js';
import { createAzureContainers } from '../../../shared/blobs/azure-containers.js';
import { BlobsUnavailable, type Blobs } from '../../../shared/blobs/blobs.js';
import { systemClock } from '../../../shared/clock.js';
import { startAzurite, type TestAzurite } from '../../helpers/azurite.js';
import { testBlobs } from './blob-cases.js';

let azurite: TestAzurite;
let blobs: Blobs;
beforeAll(async () => {
  azurite = await startAzurite();
  blobs = createAzureBlobs(azurite.connectionString, 'contract', systemClock);
});
afterAll(() => azurite.stop());

describe('blobs in Azurite', () => testBlobs(() => blobs));

describe('the URL of a blob', () => {
  test('lets its holder read that blob and nothing else', async () => {
    await blobs.put('mine', new TextEncoder().encode('content'));
    await blobs.put('other', new TextEncoder().encode('secret'));
    const url = await blobs.urlFor('mine', 'read', 60_000);
    expect(await (await fetch(url)).text()).toBe('content');
    expect((await fetch(url.replace('/mine?', '/other?'))).status).toBe(403);
    const write = await fetch(url, { method: 'PUT', body: 'x', headers: { 'x-ms-blob-type': 'BlockBlob' } });
    expect(write.status).toBe(403);
  });

  test('lets its holder write that blob, and not read it', async () => {
    const url = await blobs.urlFor('upload', 'write', 60_000);
    const headers = { 'x-ms-blob-type': 'BlockBlob', 'x-ms-version': '2021-12-02' };
    expect((await fetch(url, { method: 'PUT', body: 'uploaded', headers })).status).toBe(201);
    expect((await fetch(url)).status).toBe(403);
    expect(Buffer.from((await blobs.get('upload')) ?? []).toString()).toBe('uploaded');
  });
});

describe('the URL of another container', () => {
  test('lets its holder list and read that container, for its time, and nothing else', async () => {
    const others = createAzureBlobs(azurite.connectionString, 'others', systemClock);
    await others.put('a.txt', new TextEncoder().encode('theirs'));
    const url = blobs.containerUrlFor('others', 60_000) ?? '';
    const read = url.replace('/others?', '/others/a.txt?');
    expect(await (await fetch(`${url}&restype=container&comp=list`)).text()).toContain('<Name>a.txt</Name>');
    expect(await (await fetch(read)).text()).toBe('theirs');
    const write = await fetch(read, { method: 'PUT', body: 'x', headers: { 'x-ms-blob-type': 'BlockBlob' } });
    expect(write.status).toBe(403);
    expect((await fetch(url.replace('/others?', '/contract/mine?'))).status).toBe(403);
    const past = { ...systemClock, now: () => new Date(systemClock.now().getTime() - 3600_000) };
    const expired = createAzureBlobs(azurite.connectionString, 'contract', past).containerUrlFor('others', 60_000);
    expect((await fetch(`${expired}&restype=container&comp=list`)).status).toBe(403);
  });

  test('is not given for the own one', () => expect(blobs.containerUrlFor('contract', 60_000)).toBeUndefined());
});

test('a blob of another container is removed, and removed again without a word', async () => {
  const containers = createAzureContainers(azurite.connectionString, systemClock);
  const url = new URL(await containers.writeUrl('logs', 60_000));
  url.pathname += '/a/b.txt';
  const headers = { 'x-ms-blob-type': 'BlockBlob', 'x-ms-version': '2021-12-02' };
  expect((await fetch(url, { method: 'PUT', body: 'log', headers })).status).toBe(201);
  expect(await containers.list('logs', 'a/')).toMatchObject([{ name: 'a/b.txt' }]);
  await containers.remove('logs', 'a/b.txt');
  expect(await containers.get('logs', 'a/b.txt')).toBeUndefined();
  await containers.remove('logs', 'a/b.txt');
  await containers.remove('nowhere', 'a/b.txt');
});

test('a blob service that does not answer is told apart from a bug', async () => {
  const gone = await startAzurite();
  const unreachable = createAzureBlobs(gone.connectionString, 'gone', systemClock);
  await gone.stop();
  await expect(unreachable.put('a', new Uint8Array())).rejects.toBeInstanceOf(BlobsUnavailable);
  await expect(unreachable.get('a')).rejects.toBeInstanceOf(BlobsUnavailable);
});
