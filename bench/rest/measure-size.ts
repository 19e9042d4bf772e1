// One size on a stack of its own, without nodes: what is measured is the REST surface and what stands behind it.
import { connect } from '../../samples/job-prep-release/connect.js';
import { startStack } from '../../local/stack.js';
import { silentLog } from '../../shared/log.js';
import { peakMiB } from './peak-memory.js';

export type SizeResult = {
  readonly tasks: number;
  readonly addedPerSecond: number;
  readonly listedPerSecond: number;
  readonly pages: number;
  /** Peak resident memory of the functions host while it started, while tasks were added, and until they were listed. */
  readonly hostStartMiB: number;
  readonly hostAddMiB: number;
  readonly hostPeakMiB: number;
  /** Of this process, which holds the client and all the tasks it was given. */
  readonly clientPeakMiB: number;
};

const collectionSize = 100;

/** Rejects when a task was not added or not listed. */
export async function measureSize(tasks: number): Promise<SizeResult> {
  const stack = await startStack({ log: silentLog, providesNodes: false });
  try {
    const client = await connect(stack);
    const host = stack.processes()['functions-host'] ?? 0;
    await client.pool.add({ id: 'Bench', vmSize: 'small', targetDedicatedNodes: 0 });
    await client.job.add({ id: 'Bench', poolInfo: { poolId: 'Bench' } });
    const hostStartMiB = await peakMiB(host);
    const addedFrom = performance.now();
    for (let from = 0; from < tasks; from += collectionSize) {
      const count = Math.min(collectionSize, tasks - from);
      const { value } = await client.task.addCollection(
        'Bench',
        Array.from({ length: count }, (_, index) => ({ id: `task${from + index}`, commandLine: '/bin/true' })),
      );
      const refused = value?.find(({ status }) => status?.toLowerCase() !== 'success');
      if (refused !== undefined) throw new Error(`Task '${refused.taskId}' was not added: ${refused.error?.code}`);
    }
    const listedFrom = performance.now();
    const hostAddMiB = await peakMiB(host);
    let page = await client.task.list('Bench');
    let [pages, listed] = [1, page.length];
    while (page.odatanextLink !== undefined) {
      page = await client.task.listNext(page.odatanextLink);
      pages += 1;
      listed += page.length;
    }
    const end = performance.now();
    if (listed !== tasks) throw new Error(`${tasks} tasks were added, but ${listed} were listed`);
    return {
      tasks,
      addedPerSecond: Math.round((tasks * 1000) / (listedFrom - addedFrom)),
      listedPerSecond: Math.round((tasks * 1000) / (end - listedFrom)),
      ...{ pages, hostStartMiB, hostAddMiB, hostPeakMiB: await peakMiB(host) },
      clientPeakMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    };
  } finally {
    await stack.stop();
  }
}
