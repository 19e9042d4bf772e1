// The agent as a program: how it is started, how it ends, what it leaves. Needs the compiled project and uses the real broker.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readProcess } from '../../../agent/adapters/process-table.js';
import { startServiceBus, type ServiceBus } from '../../../local/service-bus/index.js';
import { silentLog } from '../../../shared/log.js';
import { createAzureBus } from '../../../shared/queues/azure-bus.js';
import type { Bus } from '../../../shared/queues/bus.js';
import { orderWith, runWith, sendOrder, shell } from '../../helpers/agent-on-machine.js';
import type { Order } from '../../../shared/nodes/node-messages.js';
import { openJoinDesk, type JoinDesk } from '../../helpers/join-desk.js';
import { eventually } from '../../helpers/eventually.js';

const program = fileURLToPath(new URL('../../../dist/agent/main.js', import.meta.url));
const config = fileURLToPath(new URL('../../../local/service-bus/Config.json', import.meta.url));
const secret = 'a-key-for-tests';

let broker: ServiceBus;
let bus: Bus;
let desk: JoinDesk;
let directory: string;
let agents: ChildProcess[];

beforeEach(async () => {
  broker = await startServiceBus({ config, keyName: 'RootManageSharedAccessKey', key: secret });
  bus = createAzureBus(broker.connectionString, silentLog);
  desk = await openJoinDesk(() => broker.connectionString);
  directory = await mkdtemp(join(tmpdir(), 'bookend-program-'));
  agents = [];
});
afterEach(async () => {
  // A last agent shuts the node down, so that nothing it runs is left.
  if (agents.length > 0) {
    const last = agents.find((agent) => agent.exitCode === null && agent.signalCode === null) ?? startAgent();
    await end(last);
  }
  await bus.close();
  await desk.close();
  await broker.stop();
  await rm(directory, { recursive: true, force: true });
});

function startAgent(...more: readonly string[]): ChildProcess {
  const given = [
    '--pool',
    'pool1',
    '--node',
    'node1',
    '--root',
    join(directory, 'root'),
    '--state',
    join(directory, 'state'),
  ];
  const account = ['--account-name', 'account1', '--url', desk.url, '--join-key-file', desk.joinKeyFile];
  const agent = fork(program, [...given, ...account, ...more], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  agents.push(agent);
  return agent;
}

async function ended(agent: ChildProcess): Promise<number | null> {
  if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit');
  return agent.exitCode;
}

async function end(agent: ChildProcess): Promise<number | null> {
  agent.kill('SIGTERM');
  return ended(agent);
}

const sendSealed = async (order: Order): Promise<void> => sendOrder(bus, await desk.seal(order));

const task = runWith(shell('echo $$ > $AZ_BATCH_NODE_SHARED_DIR/pid.txt; sleep 1000'));

async function startTask(): Promise<number> {
  await sendSealed(orderWith({ tasks: [task] }));
  return eventually('the process of the task', async () =>
    Number((await readFile(join(directory, 'root/shared/pid.txt'), 'utf8')).trim()),
  );
}
const isAlive = (pid: number): boolean => readProcess(pid)?.isZombie === false;

describe('the agent program', () => {
  test('ends the node with its tasks on SIGTERM', async () => {
    const agent = startAgent();
    const pid = await startTask();
    expect(await end(agent)).toBe(0);
    expect(isAlive(pid)).toBe(false);
  });

  test('goes when its parent goes, and leaves its tasks to the next agent', async () => {
    const agent = startAgent();
    const pid = await startTask();
    agent.disconnect();
    expect(await ended(agent)).toBe(0);
    expect(isAlive(pid)).toBe(true);

    const next = startAgent();
    await sendSealed(
      orderWith({ kills: [{ runId: task.runId, failure: { category: 'usererror', code: 'TaskEnded', message: '' } }] }),
    );
    await eventually('the end of the task', () => !isAlive(pid));
    expect(await end(next)).toBe(0);
  });

  test('takes its tasks with it when its parent goes and it is ephemeral', async () => {
    const agent = startAgent('--ephemeral');
    const pid = await startTask();
    agent.disconnect();
    expect(await ended(agent)).toBe(0);
    expect(isAlive(pid)).toBe(false);
  });

  test('keeps its own files to itself, away from the root, and its secrets out of tasks and logs', async () => {
    const agent = startAgent('--log-level', 'debug');
    let log = '';
    agent.stderr?.on('data', (chunk) => (log += String(chunk)));
    const environment = runWith(shell('env; tr "\\0" "\\n" < /proc/$PPID/environ; ls -l /proc/self/fd'), {
      taskId: 'environment',
    });
    await sendSealed(orderWith({ tasks: [environment] }));
    const output = join(directory, 'root/workitems/job1/job-1/environment/stdout.txt');
    const seen = await eventually('its output', async () => {
      const text = await readFile(output, 'utf8');
      return text.includes('/proc/') ? text : undefined;
    });
    expect(seen).not.toContain(secret);
    expect(seen).not.toContain('NODE_CHANNEL');
    expect(seen).not.toContain('socket:');
    expect(seen).not.toContain(join(directory, 'state'));
    expect(await end(agent)).toBe(0);
    expect(log).not.toContain(secret);
    expect(log).not.toContain('/proc/$PPID');

    const state = join(directory, 'state');
    expect((await stat(state)).mode & 0o777).toBe(0o700);
    for (const entry of await readdir(state, { recursive: true, withFileTypes: true })) {
      const { mode } = await stat(join(entry.parentPath, entry.name));
      expect(mode & 0o077, entry.name).toBe(0);
    }
  });

  test('is the only one on its state directory', async () => {
    const first = startAgent();
    await startTask();
    const second = startAgent();
    expect(await ended(second)).toBe(1);
    expect(await end(first)).toBe(0);
  });

  test('tells all faults of its command line at once', async () => {
    const agent = fork(program, ['--pool', 'p', '--log-level', 'loud'], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {},
    });
    let told = '';
    agent.stderr?.on('data', (chunk) => (told += String(chunk)));
    await once(agent, 'close');
    expect(agent.exitCode).toBe(2);
    for (const fault of ['--node', '--root', '--url', '--join-key-file', '--log-level']) expect(told).toContain(fault);
  });
});
