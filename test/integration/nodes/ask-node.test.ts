// Asking a node over the real bus client, the embedded broker and Azurite's blobs; the test plays the node.
import { plainSealing } from '../../helpers/plain-sealing.js';
import { Buffer } from 'node:buffer';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { azuriteAccount } from '../../../local/account.js';
import { startAzuriteServers, type AzuriteServers } from '../../../local/azurite/azurite-servers.js';
import { startServiceBus, type ServiceBus } from '../../../local/service-bus/index.js';
import { createAzureBlobs } from '../../../shared/blobs/azure-blobs.js';
import type { Blobs } from '../../../shared/blobs/blobs.js';
import { systemClock } from '../../../shared/clock.js';
import { cloudEventSchema, type CloudEvent } from '../../../shared/events/cloud-event.js';
import { systemIds } from '../../../shared/ids.js';
import { silentLog } from '../../../shared/log.js';
import { askNode, type FileAnswer, type FileQuestion } from '../../../shared/nodes/ask-node.js';
import {
  fileRequestSchema,
  messageTypes,
  type FileReply,
  type FileRequest,
} from '../../../shared/nodes/node-messages.js';
import { createAzureBus } from '../../../shared/queues/azure-bus.js';
import type { Bus } from '../../../shared/queues/bus.js';

const file = { name: 'shared/a.txt', isDirectory: false, sizeBytes: 3, lastModified: '2026-01-01T00:00:00Z' };

const nothing = { active: 0, locked: 0, deadLettered: 0 };

let broker: ServiceBus;
let azurite: AzuriteServers;
let blobs: Blobs;
let controller: Bus;
let node: Bus;

beforeAll(async () => {
  const config = new URL('../../../local/service-bus/Config.json', import.meta.url).pathname;
  broker = await startServiceBus({ config, keyName: 'RootManageSharedAccessKey', key: 'a-key-for-tests' });
  azurite = await startAzuriteServers({ tablePort: 0, blobPort: 0 });
  const { name, key } = azuriteAccount;
  const endpoint = `http://127.0.0.1:${azurite.blobPort}/${name}`;
  const connection = `DefaultEndpointsProtocol=http;AccountName=${name};AccountKey=${key};BlobEndpoint=${endpoint};`;
  blobs = createAzureBlobs(connection, 'bookend', systemClock);
  controller = createAzureBus(broker.connectionString, silentLog);
  node = createAzureBus(broker.connectionString, silentLog);
});

afterAll(async () => {
  await Promise.all([controller.close(), node.close()]);
  await broker.stop();
  await azurite.stop();
});

/** Asks, while the node answers the one request that it gets with `play`. */
async function ask(
  question: FileQuestion,
  play: (request: FileRequest) => Promise<FileReply['answer']>,
): Promise<{ answer: FileAnswer; request: FileRequest }> {
  const services = {
    bus: controller,
    blobs,
    clock: systemClock,
    ids: systemIds,
    log: silentLog,
    sealing: plainSealing,
  };
  const [answer, request] = await Promise.all([
    askNode(services, { poolId: 'P', nodeId: 'N', membership: undefined, question }),
    answerOne(play),
  ]);
  return { answer, request };
}

async function answerOne(play: (request: FileRequest) => Promise<FileReply['answer']>): Promise<FileRequest> {
  const session = await node.openSession('node-orders', 'P/N', 10_000);
  if (session === undefined) throw new Error('The session of node N is held by another.');
  try {
    const message = await session.receive(10_000);
    if (message === undefined) throw new Error('No request came.');
    const request = fileRequestSchema.parse(cloudEventSchema.parse(message.body).data);
    await session.complete(message);
    const data: FileReply = { requestId: request.requestId, answer: await play(request) };
    const body: CloudEvent = {
      specversion: '1.0',
      id: request.requestId,
      source: '/n',
      type: messageTypes.fileReply,
      data,
    };
    await node.send('node-replies', [{ body, messageId: request.requestId, sessionId: request.requestId }]);
    return request;
  } finally {
    await session.close();
  }
}

describe('asking a node over the bus', () => {
  afterEach(() => {
    expect(broker.control.counts()).toMatchObject({ 'node-orders': nothing, 'node-replies': nothing });
  });

  it('gets small content within the reply', async () => {
    const { answer } = await ask({ kind: 'read', path: 'shared/a.txt', from: 0 }, async () => ({
      kind: 'content',
      file,
      base64: Buffer.from('abc').toString('base64'),
    }));
    expect(answer).toEqual({ kind: 'content', file, content: Buffer.from('abc') });
  });

  it('gets large content through an URL that the node may write to, and leaves no blob behind', async () => {
    const content = Buffer.alloc(300_000, 'x');
    const { answer, request } = await ask({ kind: 'read', path: 'shared/a.txt', from: 0 }, async ({ uploadUrl }) => {
      const put = await fetch(uploadUrl, { method: 'PUT', body: content, headers: { 'x-ms-blob-type': 'BlockBlob' } });
      expect(put.status).toBe(201);
      return { kind: 'uploaded', of: 'content', file };
    });
    expect(answer.kind === 'content' && Buffer.compare(answer.content, content)).toBe(0);
    expect(await blobs.get(`file-replies/${request.requestId}`)).toBeUndefined();
  });
});
