// A file of 300 MB on a node, read in ranges by several readers at the same time: what host and agent hold meanwhile.
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type BatchServiceClient } from '../../samples/job-prep-release/connect.js';
import { startStack } from '../../local/stack.js';
import { silentLog } from '../../shared/log.js';
import { peakMiB } from './peak-memory.js';

export type LargeFileResult = {
  readonly fileMiB: number;
  readonly readers: number;
  readonly readMiB: number;
  readonly mibPerSecond: number;
  readonly hostBeforeMiB: number;
  readonly hostPeakMiB: number;
  readonly agentBeforeMiB: number;
  readonly agentPeakMiB: number;
};

const mib = 1024 * 1024;
const fileMiB = 300;
const rangeMiB = 64;
const lookEveryMs = 200;

/** `readers` readers, each of the whole file in ranges of 64 MiB. Rejects when a read is refused for good, or comes short. */
export async function measureLargeFile(readers: number): Promise<LargeFileResult> {
  const stack = await startStack({ log: silentLog });
  try {
    const client = await connect(stack);
    await addFile(client);
    const processes = stack.processes();
    const host = processes['functions-host'] ?? 0;
    const agent = Object.entries(processes).find(([name]) => name.startsWith('agent '))?.[1] ?? 0;
    const [hostBeforeMiB, agentBeforeMiB] = [await peakMiB(host), await peakMiB(agent)];
    const from = performance.now();
    const read = await Promise.all(Array.from({ length: readers }, () => readWhole(client)));
    const seconds = (performance.now() - from) / 1000;
    const readMiB = Math.round(read.reduce((sum, bytes) => sum + bytes, 0) / mib);
    if (readMiB !== readers * fileMiB) throw new Error(`${readers * fileMiB} MiB were to be read, and ${readMiB} came`);
    return {
      ...{ fileMiB, readers, readMiB, mibPerSecond: Math.round(readMiB / seconds) },
      ...{ hostBeforeMiB, hostPeakMiB: await peakMiB(host) },
      ...{ agentBeforeMiB, agentPeakMiB: await peakMiB(agent) },
    };
  } finally {
    await stack.stop();
  }
}

async function addFile(client: BatchServiceClient): Promise<void> {
  await client.pool.add({ id: 'Large', vmSize: 'small', targetDedicatedNodes: 1 });
  await client.job.add({ id: 'Large', poolInfo: { poolId: 'Large' } });
  await client.task.add('Large', { id: 'Large', commandLine: `/bin/sh -c 'truncate -s ${fileMiB}M large.bin'` });
  while ((await client.task.get('Large', 'Large')).state !== 'completed') await pause(lookEveryMs);
}

async function readWhole(client: BatchServiceClient): Promise<number> {
  let read = 0;
  while (read < fileMiB * mib) {
    const last = Math.min(read + rangeMiB * mib, fileMiB * mib) - 1;
    read += await readRange(client, `bytes=${read}-${last}`);
  }
  return read;
}

// Too many at once are asked to come again later, as any client of the service has to expect.
async function readRange(client: BatchServiceClient, ocpRange: string): Promise<number> {
  for (;;) {
    try {
      const { readableStreamBody } = await client.file.getFromTask('Large', 'Large', 'wd/large.bin', {
        fileGetFromTaskOptions: { ocpRange },
      });
      let bytes = 0;
      for await (const chunk of readableStreamBody ?? []) bytes += chunk.length;
      return bytes;
    } catch (error) {
      if (!isToComeAgain(error)) throw error;
      await pause(lookEveryMs);
    }
  }
}

function isToComeAgain(error: unknown): boolean {
  const status = typeof error === 'object' && error !== null ? Reflect.get(error, 'statusCode') : undefined;
  return status === 429 || status === 409;
}
