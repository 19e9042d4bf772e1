// Many simulated nodes and tasks against the real controller: a pool, one job with a preparation and a release, its tasks, all of it deleted.
import { startStack } from '../../local/stack.js';
import { connect, type BatchServiceClient } from '../../samples/job-prep-release/connect.js';
import { request, waitFor } from '../../samples/job-prep-release/requests.js';
import { beginMeasure } from './measure.js';
import type { Scenario, ScenarioOptions } from './scenario.js';
import { startSimulatedNodes } from './simulated-nodes.js';

const poolId = 'crowd';
const jobId = 'crowd-job';
const command = '/bin/true';
const commandRunsMs = 5;
const tasksPerRequest = 100;
const poolWithinMs = 120_000;
/** Far more than it takes, so that a slow machine is not taken for a fault. */
const withinMs = 20 * 60_000;

export const playCrowd: Scenario = async (options) => {
  const { counts, log, signal, progress, agents } = options;
  const stack = await startStack({
    log,
    signal,
    providesNodes: false,
    // It comes at fixed times, so that it would be counted in one run and not in another; the idle pool shows what it costs.
    settings: { 'AzureWebJobs.sweep.Disabled': 'true' },
    onProgress: (name) => progress(`starting ${name}`),
  });
  const nodes = startSimulatedNodes({
    serviceBusConnection: stack.connectionStrings.serviceBus,
    accountUrl: stack.batchUrl,
    runMs: commandRunsMs,
    log,
  });
  try {
    const client = await connect(stack);
    const measure = await beginMeasure(stack, counts);
    await measure.phase('pool filled', async () => {
      await addPool(client, poolId, agents);
      await untilSteady(client, poolId, options);
      return {};
    });
    await measure.phase(`${agents} nodes, ${options.tasks} tasks`, () => playJob(client, options, nodes.endedTasks));
    await measure.phase('pool deleted', async () => {
      await request('delete the pool', () => client.pool.deleteMethod(poolId), signal);
      return {};
    });
    return measure.result();
  } finally {
    await nodes.stop();
    await stack.stop();
  }
};

/** Adds a pool of one-slot nodes. */
export async function addPool(client: BatchServiceClient, id: string, nodes: number): Promise<void> {
  await request('add the pool', () =>
    client.pool.add({
      id,
      vmSize: 'standard_d2_v3',
      virtualMachineConfiguration: {
        imageReference: { publisher: 'canonical', offer: 'ubuntuserver', sku: '18.04-lts', version: 'latest' },
        nodeAgentSKUId: 'batch.node.ubuntu 18.04',
      },
      targetDedicatedNodes: nodes,
      taskSlotsPerNode: 1,
    }),
  );
}

/** Waits until all nodes of the pool have joined. */
export async function untilSteady(
  client: BatchServiceClient,
  id: string,
  { signal, progress }: Pick<ScenarioOptions, 'signal' | 'progress'>,
): Promise<void> {
  await waitFor({
    what: 'all nodes to join',
    withinMs: poolWithinMs,
    everyMs: 500,
    signal,
    look: () => request('get the pool', () => client.pool.get(id), signal),
    isReached: ({ allocationState }) => allocationState === 'steady',
    describe: ({ allocationState }) => `pool ${allocationState}`,
    onLook: progress,
  });
}

async function playJob(
  client: BatchServiceClient,
  { agents, tasks, signal, progress }: ScenarioOptions,
  endedTasks: () => number,
) {
  await request('add the job', () =>
    client.job.add({
      id: jobId,
      poolInfo: { poolId },
      jobPreparationTask: { commandLine: command },
      jobReleaseTask: { commandLine: command },
    }),
  );
  for (let first = 0; first < tasks; first += tasksPerRequest) {
    const count = Math.min(tasksPerRequest, tasks - first);
    const collection = Array.from({ length: count }, (_, index) => ({
      id: `task${String(first + index + 1).padStart(6, '0')}`,
      commandLine: command,
    }));
    const added = await request('add tasks', () => client.task.addCollection(jobId, collection), signal);
    const refused = (added.value ?? []).filter(({ status }) => status?.toLowerCase() !== 'success');
    if (refused.length > 0) throw new Error(`${refused.length} tasks were refused: ${refused[0]?.error?.code}`);
    progress(`${first + count} tasks added, ${endedTasks()} ended`);
  }
  await waitFor({
    what: 'all tasks to end',
    withinMs,
    everyMs: 500,
    signal,
    look: async () => endedTasks(),
    isReached: (ended) => ended >= tasks,
    describe: (ended) => `${ended} of ${tasks} tasks ended`,
    onLook: progress,
  });
  await untilCompleted(client, tasks, { signal, progress });
  await request('terminate the job', () => client.job.terminate(jobId), signal);
  await waitFor({
    what: 'the job to complete',
    withinMs,
    everyMs: 200,
    signal,
    look: () => request('get the job', () => client.job.get(jobId), signal),
    isReached: ({ state }) => state === 'completed',
    describe: ({ state }) => `job ${state}`,
    onLook: progress,
  });
  const prepared = await countReleased(client, signal);
  await request('delete the job', () => client.job.deleteMethod(jobId), signal);
  return { work: { jobs: 1, nodes: prepared, tasks }, isBulk: agents >= 50 };
}

/** The nodes know first; then the controller is asked, page by page. */
async function untilCompleted(
  client: BatchServiceClient,
  tasks: number,
  { signal, progress }: Pick<ScenarioOptions, 'signal' | 'progress'>,
): Promise<void> {
  await waitFor({
    what: 'all tasks to be completed',
    withinMs: 60_000,
    everyMs: 500,
    signal,
    look: () => countCompleted(client, signal),
    isReached: (completed) => completed === tasks,
    describe: (completed) => `${completed} of ${tasks} tasks completed`,
    onLook: progress,
  });
}

async function countCompleted(client: BatchServiceClient, signal: AbortSignal): Promise<number> {
  const list = { taskListOptions: { select: 'id,state' } };
  let page = await request('list the tasks', () => client.task.list(jobId, list), signal);
  let completed = 0;
  for (;;) {
    completed += page.filter(({ state }) => state === 'completed').length;
    const next = page.odatanextLink;
    if (next === undefined) return completed;
    page = await request('list more tasks', () => client.task.listNext(next), signal);
  }
}

async function countReleased(client: BatchServiceClient, signal: AbortSignal): Promise<number> {
  let page = await request('list preparations', () => client.job.listPreparationAndReleaseTaskStatus(jobId), signal);
  let released = 0;
  for (;;) {
    released += page.filter(
      ({ jobPreparationTaskExecutionInfo: preparation, jobReleaseTaskExecutionInfo: release }) =>
        preparation?.exitCode === 0 && release?.exitCode === 0,
    ).length;
    const next = page.odatanextLink;
    if (next === undefined) return released;
    page = await request('list more', () => client.job.listPreparationAndReleaseTaskStatusNext(next), signal);
  }
}
