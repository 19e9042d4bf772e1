// Batches of messages as a trigger hands them over: the good ones are handled, the bad ones are kept with their reason.
import { describe, expect, test } from 'vitest';
import { deadLetterPartition, type DeadLetter } from '../../../shared/events/dead-letters.js';
import { hintTypes, toHintMessage } from '../../../shared/events/hints.js';
import { addJob } from '../../../shared/jobs/add-job.js';
import { messageTypes } from '../../../shared/nodes/node-messages.js';
import { reactToJobEvents, type JobEventMessage } from '../../../shared/passes/react-to-job-events.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { fromDocument } from '../../../shared/tables/document.js';
import { TableUnavailable } from '../../../shared/tables/table.js';
import { addTasks } from '../../../shared/tasks/add-tasks.js';
import { jobDefinition, poolDefinition, taskDefinition } from '../../helpers/definitions.js';
import { createServices, type MemoryServices } from '../../helpers/memory-services.js';
import { beginLife, countBeginnings, goOn, type Life } from './life.js';

const poisons: readonly [what: string, body: unknown][] = [
  ['no JSON object', 'just text'],
  ['nothing', undefined],
  ['no CloudEvent', { hello: 'world' }],
  ['an unknown type', envelope('com.example.unknown', { poolId: 'P' })],
  ['a hint without a pool', envelope(hintTypes.sweep, {})],
  ['a report that cannot be read', envelope(messageTypes.report, { poolId: 'P', nodeId: 7 })],
  ['a hint of another pool than its session', envelope(hintTypes.sweep, { poolId: 'Q' })],
];

function envelope(type: string, data: unknown): unknown {
  return { specversion: '1.0', id: 'poison', source: '/test', type, data };
}

const message = (body: unknown, messageId: string, deliveryCount = 1): JobEventMessage => ({
  ...{ body, messageId, deliveryCount, sessionId: 'p' },
});

function deadLetters({ rows }: MemoryServices): readonly DeadLetter[] {
  return rows
    .query(deadLetterPartition, {}, 100)
    .entities.map(({ values }) => fromDocument<DeadLetter>('deadLetter', values));
}

/** A pool whose nine nodes have each a report to tell: they have just joined. */
async function givenNineReports(): Promise<{ services: MemoryServices; life: Life; reports: JobEventMessage[] }> {
  const services = createServices();
  const life = beginLife(services, services);
  await addPool(services, poolDefinition({ targetDedicatedNodes: 9 }));
  await addJob(services, jobDefinition());
  const ids = Array.from({ length: 9 }, (_, index) => `t${index}`);
  await addTasks(
    services,
    'J',
    ids.map((id) => taskDefinition(id)),
  );
  const hints = services.bus.sent.map(({ message: { body, messageId } }) => message(body, messageId));
  life.heard = services.bus.sent.length;
  await reactToJobEvents(services, hints);
  // The nodes come up and report; their reports are held back for the test.
  const reports: JobEventMessage[] = [];
  const capacity = services.bus.sent.find(({ queue }) => queue === 'pool-capacity');
  const { nodeIds } = capacity?.message.body.data as { nodeIds: string[] };
  for (const nodeId of nodeIds) {
    const report = { poolId: 'P', nodeId, epoch: 1, imageEpoch: 1, sequence: 1, agentVersion: '0' };
    const data = { ...report, nodeTime: '2026-01-01T00:00:00.000Z', bootedAgoMs: 1, runs: [] };
    reports.push(message(envelope(messageTypes.report, data), `report of ${nodeId}`));
  }
  return { services, life, reports };
}

describe('a batch of nine good messages and a bad one', () => {
  test.each(poisons)('with %s has the nine handled once, and the bad one kept with its reason', async (_, body) => {
    const { services, reports } = await givenNineReports();
    const before = services.bus.sent.length;
    const poison = message(body, 'poison');
    await reactToJobEvents(services, [...reports.slice(0, 4), poison, ...reports.slice(4)]);
    const [letter, ...others] = deadLetters(services);
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ queue: 'job-events', messageId: 'poison', sessionId: 'p', attempts: 1 });
    expect(letter?.reason).not.toBe('');
    expect(Buffer.from((await services.blobs.get(letter?.blob ?? '')) ?? []).toString()).toBe(
      JSON.stringify(body ?? null),
    );
    const orders = services.bus.sent.slice(before).filter(({ queue }) => queue === 'node-orders');
    expect(new Set(orders.map(({ message: { sessionId } }) => sessionId)).size).toBe(9);
    expect(orders).toHaveLength(9);
  });

  test('that is delivered again keeps the bad one once', async () => {
    const { services, reports } = await givenNineReports();
    const poison = message('bad', 'poison');
    const { table } = services;
    const failing = { ...services, table: { ...table, query: () => Promise.reject(new TableUnavailable('busy')) } };
    await expect(reactToJobEvents(failing, [...reports, poison])).rejects.toBeInstanceOf(TableUnavailable);
    await reactToJobEvents(
      services,
      [...reports, poison].map((each) => ({ ...each, deliveryCount: 2 })),
    );
    expect(deadLetters(services)).toMatchObject([{ messageId: 'poison', attempts: 2 }]);
  });
});

describe('a message whose pass fails for no passing reason', () => {
  test('is kept, and the others of its batch are handled without it', async () => {
    const { services, life, reports } = await givenNineReports();
    const [first] = reports;
    if (first === undefined) throw new Error('no report');
    // A row that cannot be read stands for whatever nobody has thought of.
    services.rows.write('job:broken', [{ type: 'insert', row: 'head', values: { job: '{' } }]);
    const hint = toHintMessage(
      hintTypes.tasksAdded,
      { poolId: 'P', jobId: 'broken' },
      { id: 'h', now: services.clock.now() },
    );
    await reactToJobEvents(services, [...reports.slice(0, 5), message(hint.body, 'h'), ...reports.slice(5)]);
    expect(deadLetters(services)).toMatchObject([{ messageId: 'h', type: hintTypes.tasksAdded }]);
    await goOn(life);
    // The nodes of this test never ran anything: what counts is that each was given its task once.
    const orders = services.bus.sent.filter(({ queue }) => queue === 'node-orders');
    expect(new Set(orders.map(({ message: { sessionId } }) => sessionId)).size).toBe(9);
    expect(Object.values(countBeginnings(life)).every((count) => count === 1)).toBe(true);
  });
});

describe('messages of several pools in one batch', () => {
  test('are handled pool by pool', async () => {
    const services = createServices();
    for (const id of ['P', 'Q']) await addPool(services, poolDefinition({ id }));
    const hints = services.bus.sent.map(({ message: { body, messageId, sessionId } }): JobEventMessage => ({
      ...{ body, messageId, deliveryCount: 1 },
      ...(sessionId === undefined ? {} : { sessionId }),
    }));
    await reactToJobEvents(services, hints);
    const told = services.bus.sent.filter(({ queue }) => queue === 'pool-capacity');
    expect(told.map(({ message: { sessionId } }) => sessionId)).toEqual(['p', 'q']);
  });
});
