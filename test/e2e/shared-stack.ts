// One stack for all tests of a file that do not kill it, started as the sample starts it; what is left of it is looked for at the end.
import { mkdtempSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startStack, type StackOptions } from '../../local/stack.js';
import type { BatchServiceClient } from '../../samples/job-prep-release/connect.js';
import { eventRange } from '../../shared/events/event-rows.js';
import type { OwedEvent } from '../../shared/events/event.js';
import type { JobNode } from '../../shared/job-nodes/job-node.js';
import { fromJobNode, jobNodeRange, jobPartition } from '../../shared/jobs/job-rows.js';
import { silentLog } from '../../shared/log.js';
import { poolPartition } from '../../shared/pools/pool-rows.js';
import { createAzureTable } from '../../shared/tables/azure-table.js';
import { fromDocument } from '../../shared/tables/document.js';
import { keepArtefacts } from '../helpers/artefacts.js';
import { connectChecked, startCheckedEndpoint } from '../helpers/checked-endpoint.js';
import { eventually } from '../helpers/eventually.js';
import { processesOf, taskProcessesOf, type FoundProcess } from '../helpers/processes-of.js';
import { jobBody, jobReached, taskBodies, tasksCompleted, type JobScripts, type MarkedJob } from './marked-job.js';

export type SharedStack = {
  /** For marks. */
  readonly directory: string;
  /** With the logs of its programs. */
  readonly dataDirectory: string;
  /** Connection string of its storage. */
  readonly storage: string;
  /** Behind a proxy that checks every answer against the description of the API. */
  readonly endpoint: { readonly batchUrl: string; readonly account: string; readonly key: string };
  /** Connection string of its broker. */
  readonly serviceBus: string;
  client(): BatchServiceClient;
  /** All of its processes. */
  programs(): readonly FoundProcess[];
  taskProcesses(): readonly FoundProcess[];
  /** The process number of the node's agent. Throws while it is down. */
  agentOf(poolId: string, nodeId: string): number;
  /** Adds the job and its tasks, waits for them, terminates the job and waits until it has completed. */
  runJob(job: MarkedJob, scripts?: JobScripts): Promise<void>;
  /** Exit codes of preparation and release by node, as the service shows them. */
  exitCodes(job: MarkedJob): Promise<Readonly<Record<string, readonly [number | undefined, number | undefined]>>>;
  readNodeFile(poolId: string, nodeId: string, path: string): Promise<string>;
  listNodeFiles(poolId: string, nodeId: string): Promise<readonly string[]>;
  /** Whether the answer is 404. */
  isAbsent(answer: Promise<unknown>): Promise<boolean>;
  /** The job's rows in the table: what no REST operation shows. */
  jobNodes(job: MarkedJob): Promise<readonly JobNode[]>;
  eventTypes(job: MarkedJob): Promise<readonly string[]>;
  /** What is owed to be told of the pool and its nodes. */
  poolEvents(poolId: string): Promise<readonly OwedEvent[]>;
  waiverReasons(job: MarkedJob): Promise<readonly unknown[]>;
  /** Fails when a task's process is left; keeps the logs of a failed test. */
  afterTest(task: { readonly name: string; readonly result?: { readonly state: string } }): Promise<void>;
  /** Fails when a process or a file is left, or any answer was not as described. */
  stop(): Promise<void>;
};

/** `title` names what is kept of failed tests. */
export async function startSharedStack(title: string, options: Partial<StackOptions> = {}): Promise<SharedStack> {
  const directory = mkdtempSync(join(tmpdir(), 'shared-stack-'));
  const temporary = mkdtempSync(join(tmpdir(), 'shared-stack-tmp-'));
  // The stack makes its own directory in there and hands the variable down to all its programs.
  const outer = process.env['TMPDIR'];
  process.env['TMPDIR'] = temporary;
  const stack = await startStack({ log: silentLog, programLogLevel: 'info', ...options });
  const { endpoint, proxy } = await startCheckedEndpoint(stack);
  const client = await connectChecked(endpoint);
  const table = createAzureTable(stack.connectionStrings.storage, 'bookend');
  const eventsIn = async (partition: string): Promise<readonly OwedEvent[]> => {
    const { entities } = await table.query(partition, eventRange, 1000);
    return entities.flatMap((entity) => fromDocument<OwedEvent[]>('events', entity.values));
  };
  const events = ({ jobId }: MarkedJob): Promise<readonly OwedEvent[]> => eventsIn(jobPartition(jobId));
  return {
    directory,
    dataDirectory: stack.dataDir,
    storage: stack.connectionStrings.storage,
    endpoint,
    serviceBus: stack.connectionStrings.serviceBus,
    client: () => client,
    programs: () => processesOf(temporary),
    taskProcesses: () => taskProcessesOf(temporary),
    agentOf(poolId, nodeId) {
      const pid = stack.processes()[`agent ${poolId}/${nodeId}`];
      if (pid === undefined) throw new Error(`The agent of node '${nodeId}' of pool '${poolId}' is down`);
      return pid;
    },
    async runJob(job, scripts = {}) {
      await client.job.add(jobBody(job, scripts));
      await client.task.addCollection(job.jobId, taskBodies(job, scripts.task));
      await tasksCompleted(() => client, job);
      await client.job.terminate(job.jobId);
      await jobReached(() => client, job, 'completed');
    },
    async exitCodes({ jobId }) {
      const status = await client.job.listPreparationAndReleaseTaskStatus(jobId);
      return Object.fromEntries(
        status.map(({ nodeId, jobPreparationTaskExecutionInfo, jobReleaseTaskExecutionInfo }) => [
          nodeId,
          [jobPreparationTaskExecutionInfo?.exitCode, jobReleaseTaskExecutionInfo?.exitCode] as const,
        ]),
      );
    },
    async readNodeFile(poolId, nodeId, path) {
      const { readableStreamBody } = await client.file.getFromComputeNode(poolId, nodeId, path);
      let text = '';
      for await (const chunk of readableStreamBody ?? []) text += chunk.toString();
      return text;
    },
    async listNodeFiles(poolId, nodeId) {
      const files = await client.file.listFromComputeNode(poolId, nodeId, { recursive: true });
      return files.flatMap(({ name }) => (name === undefined ? [] : [name]));
    },
    isAbsent: (answer) =>
      answer.then(
        () => false,
        (error: unknown) => {
          if (typeof error === 'object' && error !== null && 'statusCode' in error && error.statusCode === 404)
            return true;
          throw error;
        },
      ),
    async jobNodes({ jobId }) {
      const { entities } = await table.query(jobPartition(jobId), jobNodeRange, 1000);
      return entities.map(fromJobNode);
    },
    eventTypes: async (job) => (await events(job)).map(({ type }) => type),
    poolEvents: (poolId) => eventsIn(poolPartition(poolId)),
    waiverReasons: async (job) =>
      (await events(job))
        .filter(({ type }) => type === 'dev.bookend.specialtask.waived')
        .map(({ data }) => data['reason']),
    async afterTest(task) {
      try {
        await eventually('the end of all tasks', () => taskProcessesOf(temporary).length === 0, 5_000);
      } finally {
        if (task.result?.state === 'fail')
          await keepArtefacts(`${title} ${task.name}`, { directories: [directory, stack.dataDir] });
        for (const { pid } of taskProcessesOf(temporary)) process.kill(pid, 'SIGKILL');
      }
    },
    async stop() {
      await stack.stop();
      const checked = proxy.stop();
      const left = processesOf(temporary);
      const files = await readdir(temporary);
      for (const { pid } of left) process.kill(pid, 'SIGKILL');
      if (outer === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = outer;
      await rm(directory, { recursive: true, force: true });
      await rm(temporary, { recursive: true, force: true, maxRetries: 5 });
      expect(left).toEqual([]);
      expect(files).toEqual([]);
      await checked;
    },
  };
}
