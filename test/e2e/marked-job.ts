// A job each of whose commands leaves marks on the disk, outside of all nodes: a file of its own for every command, with one line per
// run, and one file per node with the commands in their order. So the world itself tells what ran, where and how often.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchServiceModels } from '@azure/batch';
import { expect } from 'vitest';
import type { BatchServiceClient } from '../../samples/job-prep-release/connect.js';
import { eventually } from '../helpers/eventually.js';

export type MarkedJob = {
  readonly jobId: string;
  readonly poolId: string;
  readonly taskIds: readonly string[];
  /** Holds the marks; commands can put more there. */
  readonly directory: string;
};

export type JobScripts = {
  /** Shell lines after the mark; none by default. `$M` is the directory with the marks. */
  readonly preparation?: string;
  /** Given by whoever adds the tasks, too. */
  readonly task?: string;
  readonly release?: string;
  readonly preparationOptions?: Partial<BatchServiceModels.JobPreparationTask>;
};

const lookEveryMs = 100;

export function planJob(
  below: string,
  { jobId, poolId, tasks }: { readonly jobId: string; readonly poolId: string; readonly tasks: number },
): MarkedJob {
  const directory = join(below, `marks-${jobId}`);
  mkdirSync(directory, { recursive: true });
  const taskIds = Array.from({ length: tasks }, (_, index) => `task${String(index + 1).padStart(2, '0')}`);
  return { jobId, poolId, taskIds, directory };
}

/** The body of Add Job. */
export function jobBody(job: MarkedJob, scripts: JobScripts = {}): BatchServiceModels.JobAddParameter {
  return {
    id: job.jobId,
    poolInfo: { poolId: job.poolId },
    jobPreparationTask: {
      ...scripts.preparationOptions,
      commandLine: marking(job, 'preparation.$AZ_BATCH_NODE_ID', 'preparation', scripts.preparation),
    },
    jobReleaseTask: { commandLine: marking(job, 'release.$AZ_BATCH_NODE_ID', 'release', scripts.release) },
  };
}

/** The bodies of its tasks. */
export function taskBodies(job: MarkedJob, script?: string): BatchServiceModels.TaskAddParameter[] {
  return job.taskIds.map((id) => ({ id, commandLine: marking(job, id, id, script) }));
}

function marking({ directory }: MarkedJob, file: string, name: string, script = ':'): string {
  if (script.includes("'")) throw new Error('The script stands in single quotes');
  const mark = `echo $AZ_BATCH_NODE_ID >> "$M/${file}"; echo ${name} >> "$M/order.$AZ_BATCH_NODE_ID"`;
  return `/bin/sh -c 'M=${directory}; ${mark}; ${script}'`;
}

export type Marks = {
  /** Lines of each command's own file: the nodes it ran on, one line per run. */
  readonly runs: Readonly<Record<string, readonly string[]>>;
  /** By node, the commands in the order they began. */
  readonly order: Readonly<Record<string, readonly string[]>>;
};

export function readMarks({ directory }: MarkedJob): Marks {
  const files = Object.fromEntries(
    readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8').trim().split('\n')]),
  );
  const named = (isOrder: boolean) => Object.entries(files).filter(([name]) => name.startsWith('order.') === isOrder);
  return {
    runs: Object.fromEntries(named(false).filter(([name]) => /^(preparation\.|release\.|task\d)/.test(name))),
    order: Object.fromEntries(named(true).map(([name, lines]) => [name.slice('order.'.length), lines])),
  };
}

/** Every command ran once, first the preparation, last the release, on the nodes that got tasks and on no other; and the service says so. */
export async function expectRunOnce({ client }: { client(): BatchServiceClient }, job: MarkedJob): Promise<void> {
  const { runs, order } = readMarks(job);
  const nodes = [...new Set(job.taskIds.flatMap((id) => runs[id] ?? []))].sort();
  const commands = [...job.taskIds, ...nodes.flatMap((id) => [`preparation.${id}`, `release.${id}`])];
  const counts = Object.fromEntries(Object.entries(runs).map(([name, lines]) => [name, lines.length]));
  expect(counts).toEqual(Object.fromEntries(commands.map((name) => [name, 1])));
  for (const nodeId of nodes) {
    expect(order[nodeId]?.[0], `first on ${nodeId}`).toBe('preparation');
    expect(order[nodeId]?.at(-1), `last on ${nodeId}`).toBe('release');
  }
  const tasks = await eventually('the tasks', async () => [...(await client().task.list(job.jobId))]);
  expect(tasks.map(({ id, executionInfo }) => [id, executionInfo?.exitCode, executionInfo?.requeueCount])).toEqual(
    job.taskIds.map((id) => [id, 0, 0]),
  );
  const status = await eventually('the status', async () => [
    ...(await client().job.listPreparationAndReleaseTaskStatus(job.jobId)),
  ]);
  expect(
    status.map(({ nodeId, jobPreparationTaskExecutionInfo: preparation, jobReleaseTaskExecutionInfo: release }) => [
      nodeId,
      preparation?.exitCode,
      release?.exitCode,
    ]),
  ).toEqual(nodes.map((nodeId) => [nodeId, 0, 0]));
}

/** Waits, through every outage, until all tasks are completed. */
export async function tasksCompleted(client: () => BatchServiceClient, job: MarkedJob, withinMs = 60_000) {
  return eventually(
    `the completion of all tasks of ${job.jobId}`,
    async () => {
      const tasks = await client().task.list(job.jobId);
      return tasks.length === job.taskIds.length && tasks.every(({ state }) => state === 'completed')
        ? [...tasks]
        : undefined;
    },
    withinMs,
    lookEveryMs,
  );
}

export async function jobReached(
  client: () => BatchServiceClient,
  { jobId }: Pick<MarkedJob, 'jobId'>,
  state: BatchServiceModels.JobState,
  withinMs = 60_000,
): Promise<void> {
  await eventually(
    `job ${jobId} in state ${state}`,
    async () => (await client().job.get(jobId)).state === state,
    withinMs,
    lookEveryMs,
  );
}

/** Adds a pool and waits until all its nodes are idle; gives their ids in order. */
export async function addPool(
  client: () => BatchServiceClient,
  poolId: string,
  nodes: number,
  slots = 1,
): Promise<string[]> {
  await client().pool.add({ id: poolId, vmSize: 'small', targetDedicatedNodes: nodes, taskSlotsPerNode: slots });
  return nodesReached(client, poolId, nodes);
}

export async function nodesReached(
  client: () => BatchServiceClient,
  poolId: string,
  nodes: number,
  withinMs = 60_000,
): Promise<string[]> {
  return eventually(
    `${nodes} idle nodes of pool ${poolId}`,
    async () => {
      const listed = await client().computeNode.list(poolId);
      const idle = listed.filter(({ state }) => state === 'idle').flatMap(({ id }) => (id === undefined ? [] : [id]));
      return idle.length === nodes ? idle.sort() : undefined;
    },
    withinMs,
    lookEveryMs,
  );
}
