// Common data, downloaded once per node by the job's preparation and used by every task there. See README.md beside this file.
import { Buffer } from 'node:buffer';
import console from 'node:console';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { URL } from 'node:url';
import batch from '@azure/batch';
import { BlobSASPermissions, BlobServiceClient, SASProtocol } from '@azure/storage-blob';

const containerName = 'common-data-sample';
const poolId = 'CommonDataSamplePool';
const jobId = 'CommonDataSampleJob';
const letters = [...'abcdefgh'];
const file = '$AZ_BATCH_NODE_SHARED_DIR/common-data-sample/words.txt';

const { endpoint, account, key, storage } = readSettings();
const credentials = new batch.BatchSharedKeyCredentials(account, key);
// Its own retries begin with a pause of half a minute.
const client = new batch.BatchServiceClient(credentials, endpoint, { noRetryPolicy: true });
const container = BlobServiceClient.fromConnectionString(storage).getContainerClient(containerName);

try {
  const url = await uploadWords();
  await createPool();
  await createJob(url);
  await runTasks();
  await endJob();
} finally {
  await cleanUp();
}

/** Puts the common data where the nodes can read it. Gives a URL that is good for an hour. */
async function uploadWords() {
  const lines = Array.from({ length: 2000 }, (_, index) => `${letters[index % letters.length]}${index}\n`);
  const text = lines.join('');
  await container.createIfNotExists();
  const blob = container.getBlockBlobClient('words.txt');
  await blob.upload(text, Buffer.byteLength(text));
  console.log(`Uploaded words.txt, ${lines.length} lines, to container ${containerName}.`);
  return blob.generateSasUrl({
    permissions: BlobSASPermissions.parse('r'),
    expiresOn: new Date(Date.now() + 3600_000),
    protocol: SASProtocol.HttpsAndHttp,
  });
}

async function createPool() {
  await client.pool.add({
    id: poolId,
    vmSize: 'standard_d2_v3',
    virtualMachineConfiguration: {
      imageReference: {
        publisher: 'canonical',
        offer: '0001-com-ubuntu-server-jammy',
        sku: '22_04-lts',
        version: 'latest',
      },
      nodeAgentSKUId: 'batch.node.ubuntu 22.04',
    },
    targetDedicatedNodes: 2,
    taskSlotsPerNode: 2,
  });
  console.log(`Created pool ${poolId} with 2 nodes.`);
}

async function createJob(httpUrl) {
  await client.job.add({
    id: jobId,
    poolInfo: { poolId },
    jobPreparationTask: {
      commandLine: `/bin/sh -c "mkdir -p $(dirname ${file}) && mv words.txt ${file}"`,
      resourceFiles: [{ httpUrl, filePath: 'words.txt' }],
    },
    jobReleaseTask: { commandLine: `/bin/sh -c "rm -r $(dirname ${file})"` },
  });
  console.log(`Created job ${jobId}: its preparation downloads words.txt.`);
}

async function runTasks() {
  const tasks = letters.map((letter) => ({
    id: `count-${letter}`,
    commandLine: `/bin/sh -c "grep -c ^${letter} ${file}"`,
  }));
  await client.task.addCollection(jobId, tasks);
  const completed = await until('the tasks to complete', 30 * 60, async () => {
    const seen = await client.task.list(jobId);
    return seen.length === tasks.length && seen.every(({ state }) => state === 'completed') ? seen : undefined;
  });
  console.log(`${completed.length} tasks completed:`);
  for (const { id, nodeInfo, executionInfo } of completed) {
    const found = (await textOf(client.file.getFromTask(jobId, id, 'stdout.txt'))).trim();
    console.log(`  ${id} on ${nodeInfo.nodeId} found ${found}`);
    if (executionInfo.exitCode !== 0) throw new Error(`Task ${id} failed: ${executionInfo.failureInfo?.message}`);
  }
  const prepared = await client.job.listPreparationAndReleaseTaskStatus(jobId);
  console.log(
    `${completed.length} tasks used words.txt, which was downloaded ${prepared.length} times: once per node.`,
  );
}

async function endJob() {
  await client.job.terminate(jobId);
  await until('the job to complete', 120, async () => (await client.job.get(jobId)).state === 'completed');
  const nodes = await client.computeNode.list(poolId);
  const listed = await Promise.all(
    nodes.map(({ id }) => client.file.listFromComputeNode(poolId, id, { recursive: true })),
  );
  const left = listed.filter((files) =>
    files.some(({ name }) => name.endsWith('/words.txt') && name.startsWith('shared/')),
  );
  console.log(`After the release, ${left.length} of ${nodes.length} nodes still have words.txt.`);
}

/** Also after a failure: what was not made cannot be deleted, and that is all right. */
async function cleanUp() {
  const unlessAbsent = (error) => {
    if (error.statusCode !== 404) throw error;
  };
  await client.job.deleteMethod(jobId).catch(unlessAbsent);
  await client.pool.deleteMethod(poolId).catch(unlessAbsent);
  await container.deleteIfExists();
  console.log('Deleted job, pool and container.');
}

async function until(what, withinSeconds, look) {
  const isClose = ['127.0.0.1', 'localhost'].includes(new URL(endpoint).hostname);
  const deadline = Date.now() + withinSeconds * 1000;
  while (Date.now() < deadline) {
    const seen = await look();
    if (seen) return seen;
    await sleep(isClose ? 200 : 2000);
  }
  throw new Error(`Waited ${withinSeconds} s for ${what}`);
}

async function textOf(answer) {
  let text = '';
  for await (const chunk of (await answer).readableStreamBody) text += chunk.toString();
  return text;
}

function readSettings() {
  const names = {
    endpoint: 'AZURE_BATCH_ENDPOINT',
    account: 'AZURE_BATCH_ACCOUNT',
    key: 'AZURE_BATCH_ACCESS_KEY',
    storage: 'AZURE_STORAGE_CONNECTION_STRING',
  };
  const missing = Object.values(names).filter((name) => !process.env[name]);
  if (missing.length > 0) {
    console.error(`Set ${missing.join(', ')}: npm start prints them.`);
    process.exit(2);
  }
  return Object.fromEntries(Object.entries(names).map(([name, variable]) => [name, process.env[variable]]));
}
