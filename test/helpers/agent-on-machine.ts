// A real agent core on this machine for tests: real processes and disk in temporary directories, orders and reports through a memory bus.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttpDownloads } from '../../agent/adapters/http-downloads.js';
import { createHttpTransfers } from '../../agent/adapters/http-transfers.js';
import { createLinuxProcesses } from '../../agent/adapters/linux-processes.js';
import { createNodeDisk } from '../../agent/adapters/node-disk.js';
import type { Identity } from '../../agent/identity.js';
import { startAgent, type Agent } from '../../agent/start-agent.js';
import { systemClock, type Clock } from '../../shared/clock.js';
import { systemIds } from '../../shared/ids.js';
import { silentLog, stderrLog } from '../../shared/log.js';
import {
  messageTypes,
  reportSchema,
  type Order,
  type Report,
  type RunOrder,
  type RunReport,
} from '../../shared/nodes/node-messages.js';
import type { OutputFile, ResourceFile } from '../../shared/tasks/resource-file.js';
import type { RunConstraints } from '../../shared/tasks/run-definition.js';
import { eventually } from './eventually.js';
import { plainSeal } from './plain-sealing.js';
import { createMemoryBus, type MemoryBus } from './memory-bus.js';

export type NodeOnMachine = {
  readonly directory: string;
  readonly identity: Identity;
  readonly stateDirectory: string;
  readonly bus: MemoryBus;
  /** Starts an agent on this node's directories; the one before must have stopped. `bootId`: as if the machine had been rebooted; `clock`: one that a test may have moved. */
  start(given?: { readonly bootId?: string; readonly clock?: Clock }): Promise<Agent>;
  sendOrder(order: Order): Promise<void>;
  reports(): readonly Report[];
  /** The run as the newest report that names it tells it. */
  run(runId: string): RunReport | undefined;
  /** Waits for a run to be reported as ended. */
  ended(runId: string): Promise<RunReport>;
  read(path: string): Promise<string>;
  /** Shuts the last agent down and removes the directories. */
  remove(): Promise<void>;
};

export async function createNodeOnMachine(): Promise<NodeOnMachine> {
  const directory = await mkdtemp(join(tmpdir(), 'bookend-agent-'));
  const stateDirectory = join(directory, 'state');
  const identity: Identity = {
    poolId: 'pool1',
    nodeId: 'node1',
    rootDirectory: join(directory, 'root'),
    accountName: 'account1',
    accountUrl: 'http://127.0.0.1:7071',
    userName: 'tester',
  };
  const bus = createMemoryBus(systemClock);
  let last: Agent | undefined;
  const reports = (): Report[] => reportsOn(bus);
  const run = (runId: string): RunReport | undefined =>
    reports()
      .flatMap((report) => report.runs.filter((each) => each.runId === runId))
      .at(-1);
  return {
    directory,
    identity,
    stateDirectory,
    bus,
    async start({ bootId, clock = systemClock } = {}) {
      const processes = await createLinuxProcesses({ root: identity.rootDirectory, state: stateDirectory });
      const machine = async () => {
        const real = await processes.machine();
        const aheadMs = clock.monotonicMs() - systemClock.monotonicMs();
        return { ...real, uptimeMs: real.uptimeMs + aheadMs, ...(bootId !== undefined && { bootId }) };
      };
      last = await startAgent({
        identity,
        bus,
        seal: plainSeal,
        rejoin: () => Promise.resolve(),
        disk: await createNodeDisk({ root: identity.rootDirectory, state: stateDirectory }),
        processes: { ...processes, machine },
        downloads: createHttpDownloads(),
        transfers: createHttpTransfers(),
        clock,
        ids: systemIds,
        // BOOKEND_TEST_LOG=1 shows what agents say.
        log: process.env['BOOKEND_TEST_LOG'] === '1' ? stderrLog('debug') : silentLog,
      });
      return last;
    },
    sendOrder: (order) => sendOrder(bus, order),
    reports,
    run,
    ended: (runId) =>
      eventually(`the end of run ${runId}`, () => {
        const told = run(runId);
        return told?.state === 'ended' ? told : undefined;
      }),
    read: (path) => readFile(join(identity.rootDirectory, path), 'utf8'),
    async remove() {
      await last?.shutdown();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export function reportsOn(bus: MemoryBus): Report[] {
  return bus.sent
    .filter(({ queue }) => queue === 'job-events')
    .map(({ message }) => reportSchema.parse(message.body.data));
}

let orders = 0;

export async function sendOrder(
  bus: Pick<MemoryBus, 'send'>,
  order: unknown,
  sessionId = 'pool1/node1',
): Promise<void> {
  const id = `order${++orders}`;
  await bus.send('node-orders', [
    {
      messageId: id,
      sessionId,
      body: { specversion: '1.0', id, source: '/test', type: messageTypes.order, data: order },
    },
  ]);
}

/** An order of job `job1` for node `pool1/node1` in its first epoch, with what is given in place of the defaults. */
export function orderWith(given: Partial<Order>): Order {
  return {
    poolId: 'pool1',
    nodeId: 'node1',
    epoch: 1,
    jobId: 'job1',
    incarnation: 'incarnation1',
    jobDirectory: 'workitems/job1/job-1',
    preparationTaskId: 'jobpreparation',
    acknowledged: { epoch: 1, sequence: 0 },
    acknowledgeWithinMs: 60_000,
    tasks: [],
    kills: [],
    forget: false,
    ...given,
  };
}

/** A run ordered with this command line; its id is its task id unless given. */
export function runWith(
  commandLine: string,
  given: Partial<Omit<RunOrder, 'definition'>> & {
    readonly environment?: Readonly<Record<string, string>>;
    readonly constraints?: Partial<RunConstraints>;
    readonly resourceFiles?: readonly ResourceFile[];
    readonly outputFiles?: readonly OutputFile[];
  } = {},
): RunOrder {
  const { environment = {}, constraints = {}, resourceFiles = [], outputFiles = [], ...rest } = given;
  const taskId = rest.taskId ?? 'task1';
  return {
    runId: `run-of-${taskId}`,
    kind: 'task',
    taskId,
    attempt: 1,
    definition: {
      inline: {
        commandLine,
        environmentSettings: Object.entries(environment).map(([name, value]) => ({ name, value })),
        constraints: { retentionMs: 7 * 24 * 3600_000, maxTaskRetryCount: 0, ...constraints },
        resourceFiles: [...resourceFiles],
        outputFiles: [...outputFiles],
      },
    },
    ...rest,
  };
}

/** A shell command as a command line. */
export function shell(script: string): string {
  return `/bin/sh -c '${script.replaceAll("'", `'\\''`)}'`;
}
