// The blobs that the product runs on, against Azurite.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAzureBlobs } from '../../../shared/blobs/azure-blobs.js';
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

test('a blob service that does not answer is told apart from a bug', async () => {
  const gone = await startAzurite();
  const unreachable = createAzureBlobs(gone.connectionString, 'gone', systemClock);
  await gone.stop();
  await expect(unreachable.put('a', new Uint8Array())).rejects.toBeInstanceOf(BlobsUnavailable);
  await expect(unreachable.get('a')).rejects.toBeInstanceOf(BlobsUnavailable);
});
