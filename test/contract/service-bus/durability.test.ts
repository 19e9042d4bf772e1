// What a kill leaves behind: the broker is killed again and again while it is sent to, settled with and compacting.
// Runs the compiled program. BOOKEND_KILL_ROUNDS asks for more kills.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceBusClient, type ServiceBusReceivedMessage, type ServiceBusReceiver } from '@azure/service-bus';
import { expect, test } from 'vitest';
import { eventually } from '../../helpers/eventually.js';
import { startBroker } from './broker-process.js';
import { atEnd, quickRetries } from './bus-fixture.js';

const killRounds = Number(process.env['BOOKEND_KILL_ROUNDS'] ?? '3');
const [queue, sessionQueue] = ['outgoing-events', 'job-events'];
const kinds = ['completed', 'deadLettered', 'deferred'] as const;
type Kind = (typeof kinds)[number];

// What was acknowledged, and what was at least tried: the second may have happened without a word.
type Ledger = {
  next: number;
  readonly tried: Set<string>;
  readonly sent: Set<string>;
  readonly inDoubt: Set<string>;
  readonly settled: Record<Kind, Set<string>>;
  /** Sequence numbers of what was or may have been deferred. */
  readonly numbers: Map<string, NonNullable<ServiceBusReceivedMessage['sequenceNumber']>>;
  readonly scheduled: Set<string>;
  triedState: number;
  state: number;
};

function createLedger(): Ledger {
  const settled = { completed: new Set<string>(), deadLettered: new Set<string>(), deferred: new Set<string>() };
  const [tried, sent, inDoubt, scheduled] = [1, 2, 3, 4].map(() => new Set<string>()) as [
    Set<string>,
    Set<string>,
    Set<string>,
    Set<string>,
  ];
  return { next: 0, tried, sent, inDoubt, scheduled, settled, numbers: new Map(), triedState: 0, state: 0 };
}

const kindOf = (id: string): Kind =>
  Number(id) % 10 === 3 ? 'deadLettered' : Number(id) % 10 === 4 ? 'deferred' : 'completed';

async function sendOn(client: ServiceBusClient, ledger: Ledger): Promise<void> {
  const sender = client.createSender(queue);
  const sendOne = async (): Promise<void> => {
    for (let left = 20; left > 0; left--) {
      const id = String(ledger.next++);
      ledger.tried.add(id);
      await sender.sendMessages({ body: id, messageId: id });
      ledger.sent.add(id);
    }
  };
  await Promise.all(Array.from({ length: 20 }, sendOne));
}

const settleBy: Record<Kind, (receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage) => Promise<void>> = {
  completed: (receiver, message) => receiver.completeMessage(message),
  deadLettered: (receiver, message) => receiver.deadLetterMessage(message),
  deferred: (receiver, message) => receiver.deferMessage(message),
};

async function settleOn(client: ServiceBusClient, ledger: Ledger): Promise<void> {
  const receiver = client.createReceiver(queue, { maxAutoLockRenewalDurationInMs: 0 });
  for (;;) {
    const messages = await receiver.receiveMessages(50, { maxWaitTimeInMs: 2_000 });
    // One kind at a time: the client mixes up neighbours that are settled differently in one turn.
    for (const kind of kinds) {
      const settling = messages.filter(({ body }) => kindOf(String(body)) === kind);
      await Promise.all(
        settling.map(async (message) => {
          const id = String(message.body);
          ledger.inDoubt.add(id);
          ledger.numbers.set(id, message.sequenceNumber!);
          await settleBy[kind](receiver, message);
          ledger.settled[kind].add(id);
        }),
      );
      await new Promise(setImmediate);
    }
  }
}

async function keepStateAndSchedule(client: ServiceBusClient, ledger: Ledger): Promise<void> {
  const session = await client.acceptSession(sessionQueue, 's');
  const sender = client.createSender(sessionQueue);
  for (;;) {
    await session.setSessionState(++ledger.triedState);
    ledger.state = ledger.triedState;
    const id = `later-${ledger.triedState}`;
    await sender.scheduleMessages({ body: id, sessionId: 's' }, new Date(Date.now() + 3_600_000));
    ledger.scheduled.add(id);
  }
}

async function drain(client: ServiceBusClient, subQueueType?: 'deadLetter'): Promise<string[]> {
  const options = { receiveMode: 'receiveAndDelete', ...(subQueueType && { subQueueType }) } as const;
  const receiver = client.createReceiver(queue, options);
  const found: string[] = [];
  for (;;) {
    const messages = await receiver.receiveMessages(1_000, { maxWaitTimeInMs: 500 });
    if (messages.length === 0) return found;
    found.push(...messages.map(({ body }) => String(body)));
  }
}

test('a broker killed again and again under load loses nothing acknowledged and undoes no settlement', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'bookend-bus-'));
  atEnd(() => Promise.resolve(rmSync(dataDir, { recursive: true, force: true })));
  // Small enough for the journal to be written anew many times in every round.
  const args = ['--data', dataDir, '--compact-at', '20000'];
  const ledger = createLedger();
  const { settled } = ledger;
  let port = '0';
  const works: Promise<unknown>[] = [];
  for (let round = 0; round < killRounds; round++) {
    const { child, ready, exited } = await startBroker(['--port', port, ...args]);
    port = String(ready.port);
    const client = new ServiceBusClient(ready.connectionString, {
      retryOptions: { maxRetries: 0, timeoutInMs: 5_000 },
    });
    works.push(Promise.allSettled([sendOn, settleOn, keepStateAndSchedule].map((each) => each(client, ledger))));
    const before = { settlements: settled.completed.size, state: ledger.state };
    await eventually(
      'some of each',
      () => settled.completed.size >= before.settlements + 100 && ledger.state > before.state,
    );
    child.kill('SIGKILL');
    await exited;
    void client.close();
  }

  // A client notices by its time-outs only; what it was told before that counts.
  await Promise.all(works);
  const { ready } = await startBroker(['--port', port, ...args]);
  const client = new ServiceBusClient(ready.connectionString, quickRetries);
  const receiver = client.createReceiver(queue, { receiveMode: 'receiveAndDelete' });
  const deferred = new Set<string>();
  for (const [id, number] of ledger.numbers) {
    if (kindOf(id) !== 'deferred') continue;
    const found = await receiver.receiveDeferredMessages(number).catch(() => []);
    for (const { body } of found) deferred.add(String(body));
  }
  const [left, dead] = [await drain(client), await drain(client, 'deadLetter')];
  const session = await client.acceptSession(sessionQueue, 's');
  const state = (await session.getSessionState()) as number;
  const scheduled = new Set((await session.peekMessages(1_000)).map(({ body }) => String(body)));
  await client.close();

  const all = [...left, ...dead, ...deferred];
  expect(all).toHaveLength(new Set(all).size);
  const kept = { left: new Set(left), deadLettered: new Set(dead), deferred };
  const missing = (wanted: Iterable<string>, found: ReadonlySet<string>): string[] =>
    [...wanted].filter((id) => !found.has(id));
  expect(
    missing(
      [...ledger.sent].filter((id) => !ledger.inDoubt.has(id)),
      kept.left,
    ),
  ).toEqual([]);
  for (const kind of kinds) expect([...settled[kind]].filter((id) => kept.left.has(id))).toEqual([]);
  expect([...settled.completed].filter((id) => kept.deadLettered.has(id) || kept.deferred.has(id))).toEqual([]);
  expect(missing(settled.deadLettered, kept.deadLettered)).toEqual([]);
  expect(missing(settled.deferred, kept.deferred)).toEqual([]);
  expect(missing(all, ledger.tried)).toEqual([]);
  expect(missing(ledger.scheduled, scheduled)).toEqual([]);
  expect(state).toBeGreaterThanOrEqual(ledger.state);
  expect(state).toBeLessThanOrEqual(ledger.triedState);
});
