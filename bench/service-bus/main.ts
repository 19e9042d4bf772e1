// Measures the embedded broker through the unmodified client, each in a process of its own, beside the figures of the
// prototype the broker was designed after. Reads CPU time from /proc; absolute figures depend on the machine.
// `npm run bench:service-bus -- [MESSAGES] [ROUNDS]`; of more rounds than one the better figure of each case counts.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ServiceBusClient, type ServiceBusReceivedMessage } from '@azure/service-bus';
import { z } from 'zod';
import { delay, systemClock } from '../../shared/clock.js';

const broker = fileURLToPath(new URL('../../local/service-bus/main.js', import.meta.url));
const config = fileURLToPath(new URL('../../../local/service-bus/Config.json', import.meta.url));
const queue = 'outgoing-events';
const body = { text: 'x'.repeat(400) };
const count = Number(process.argv[2] ?? '10000');
const rounds = Number(process.argv[3] ?? '2');
const warmUp = 3_000;
// One tick of the kernel's clock, as /proc counts.
const tickMicroseconds = 10_000;

const readySchema = z.object({ connectionString: z.string() });
/** `better` says which of two figures of a case counts when it is measured more than once. */
type Figure = { readonly text: string; readonly better: number };
type Row = { readonly name: string; readonly figure: Figure; readonly prototype: string };

function cpuMicroseconds({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMicroseconds;
}

async function measured(child: ChildProcess, messages: number, work: () => Promise<void>): Promise<Figure> {
  const [startedMs, cpu] = [systemClock.monotonicMs(), cpuMicroseconds(child)];
  await work();
  const perSecond = (messages * 1000) / (systemClock.monotonicMs() - startedMs);
  const each = ((cpuMicroseconds(child) - cpu) / messages).toFixed(0);
  return { text: `${Math.round(perSecond)}/s, broker ${each} µs`, better: perSecond };
}

async function sendSingles(client: ServiceBusClient, messages = count): Promise<void> {
  const sender = client.createSender(queue);
  let left = messages;
  const sendOne = async (): Promise<void> => {
    while (left-- > 0) await sender.sendMessages({ body });
  };
  await Promise.all(Array.from({ length: 100 }, sendOne));
  await sender.close();
}

async function sendBatches(client: ServiceBusClient): Promise<void> {
  const sender = client.createSender(queue);
  const batch = Array.from({ length: 100 }, () => ({ body }));
  let left = count / 100;
  const sendOne = async (): Promise<void> => {
    while (left-- > 0) await sender.sendMessages(batch);
  };
  await Promise.all(Array.from({ length: 4 }, sendOne));
  await sender.close();
}

async function receiveAll(client: ServiceBusClient, expected = count): Promise<void> {
  const receiver = client.createReceiver(queue, { maxAutoLockRenewalDurationInMs: 0 });
  for (let received = 0; received < expected;) {
    const messages = await receiver.receiveMessages(500, { maxWaitTimeInMs: 5_000 });
    if (messages.length === 0) throw new Error(`Only ${received} of ${expected} messages came`);
    await Promise.all(messages.map((message: ServiceBusReceivedMessage) => receiver.completeMessage(message)));
    received += messages.length;
  }
  await receiver.close();
}

async function latency(client: ServiceBusClient): Promise<Figure> {
  const took: number[] = [];
  const handled = new Map<unknown, () => void>();
  const receiver = client.createReceiver(queue);
  receiver.subscribe({
    processMessage: ({ messageId }) => Promise.resolve(handled.get(messageId)?.()),
    processError: () => Promise.resolve(),
  });
  const sender = client.createSender(queue);
  for (let sent = 0; sent < 400; sent++) {
    const messageId = `latency-${sent}`;
    const startedMs = systemClock.monotonicMs();
    const arrived = new Promise<void>((resolve) => handled.set(messageId, resolve));
    await sender.sendMessages({ body, messageId });
    await arrived;
    // The first ones open links.
    if (sent >= 20) took.push(systemClock.monotonicMs() - startedMs);
    await delay(systemClock, 20);
  }
  await Promise.all([receiver.close(), sender.close()]);
  took.sort((a, b) => a - b);
  const at = (share: number): number => took[Math.floor(took.length * share)] ?? NaN;
  return { text: `p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms`, better: -at(0.99) };
}

async function measure(name: string, args: readonly string[]): Promise<Row[]> {
  const child = fork(broker, ['--config', config, ...args], {
    env: { ...process.env, BOOKEND_SERVICE_BUS_KEY: 'bench' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  try {
    const [message]: unknown[] = await Promise.race([once(child, 'message'), exited]);
    const client = new ServiceBusClient(readySchema.parse(message).connectionString);
    const row = async (what: string, figure: Promise<Figure>, prototype: string): Promise<Row> => ({
      name: `${name}: ${what}`,
      figure: await figure,
      prototype,
    });
    // Neither side is measured while it is being compiled.
    await sendSingles(client, warmUp);
    await receiveAll(client, warmUp);
    const rows = [
      await row(
        'send, 100 in flight',
        measured(child, count, () => sendSingles(client)),
        '13400-16500/s, 22 µs',
      ),
      await row(
        'receive 500 + complete',
        measured(child, count, () => receiveAll(client)),
        '13000-16000/s, 10-18 µs',
      ),
      await row(
        'send by 100, 4 in flight',
        measured(child, count, () => sendBatches(client)),
        '47000-50000/s, 5 µs',
      ),
      await row(
        'receive 500 + complete, again',
        measured(child, count, () => receiveAll(client)),
        '13000-16000/s, 10-18 µs',
      ),
      await row('send to handler, 50/s', latency(client), 'p50 1.2-1.3 ms, p99 6-16 ms'),
    ];
    await client.close();
    return rows;
  } finally {
    child.kill('SIGTERM');
    await exited;
  }
}

/** The better figure of each case. */
function best(rows: readonly Row[]): Row[] {
  const found = new Map<string, Row>();
  for (const row of rows) {
    const known = found.get(row.name);
    if (known === undefined || row.figure.better > known.figure.better) found.set(row.name, row);
  }
  return [...found.values()];
}

const machine = (): string =>
  `load average ${loadavg()[0]?.toFixed(1)}, ${cpus().length} cores, Node ${process.version}`;
const dataDir = mkdtempSync(join(tmpdir(), 'bookend-bench-'));
try {
  process.stdout.write(`${count} messages a case, best of ${rounds}; ${machine()}\n`);
  const rows: Row[] = [];
  for (let round = 0; round < rounds; round++) {
    rows.push(
      ...(await measure('memory', [])),
      ...(await measure('journal', ['--data', join(dataDir, `plain-${round}`)])),
      ...(await measure('journal, synced', ['--data', join(dataDir, `synced-${round}`), '--sync'])),
    );
  }
  for (const { name, figure, prototype } of best(rows)) {
    process.stdout.write(`${name.padEnd(44)}${figure.text.padEnd(34)}prototype: ${prototype}\n`);
  }
  process.stdout.write(`${machine()}\n`);
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
