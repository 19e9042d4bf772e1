// The bus over the official client when the broker is killed: whoever waits on a session is told at once, whatever it waits for, and the
// same bus works again as soon as there is a broker. Runs the compiled broker (`npm test` builds first).
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startChild, type Child } from '../../../local/programs/child-program.js';
import { silentLog } from '../../../shared/log.js';
import { createAzureBus } from '../../../shared/queues/azure-bus.js';
import { BusUnavailable, SessionLost, type Bus, type SessionReceiver } from '../../../shared/queues/bus.js';
import { eventually } from '../../helpers/eventually.js';

const readySchema = z.object({ ready: z.literal(true), connectionString: z.string(), port: z.int() });
type Broker = Child<z.infer<typeof readySchema>>;

const sessionId = 'pool1/node1';
/** Far below the minute after which the client itself gives up. */
const atOnceMs = 10_000;

let broker: Broker;
let port: number;
let bus: Bus;
beforeEach(async () => {
  broker = await startBroker(0);
  port = broker.ready?.port ?? 0;
  bus = createAzureBus(broker.ready?.connectionString ?? '', silentLog);
});
afterEach(async () => {
  await bus.close();
  await broker.stop(2_000);
});

function startBroker(onPort: number): Promise<Broker> {
  const path = (below: string): string => fileURLToPath(new URL(`../../../${below}`, import.meta.url));
  return startChild({
    name: 'service-bus',
    script: path('dist/local/service-bus/main.js'),
    args: ['--port', String(onPort), '--config', path('local/service-bus/Config.json')],
    env: { BOOKEND_SERVICE_BUS_KEY: 'a-key-for-tests' },
    ready: readySchema,
    readyWithinMs: 30_000,
  });
}

async function killBroker(): Promise<void> {
  broker.kill();
  await broker.ended;
}

async function openSession(): Promise<SessionReceiver> {
  const session = await bus.openSession('node-orders', sessionId, 5_000);
  if (session === undefined) throw new Error('Somebody else holds the session');
  return session;
}

async function sendOne(messageId: string): Promise<void> {
  const body = { specversion: '1.0', id: messageId, source: '/test', type: 'test', data: {} } as const;
  await bus.send('node-orders', [{ messageId, sessionId, body }]);
}

/** How `promise` ended, once it has. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  let ended: { how: unknown } | undefined;
  promise.then(
    (how) => (ended = { how }),
    (how: unknown) => (ended = { how }),
  );
  return (await eventually('its end', () => ended, atOnceMs)).how;
}

describe('when the broker is killed', () => {
  it('a wait for a message ends with the loss of the session', async () => {
    const session = await openSession();
    const receiving = outcome(session.receive(240_000));
    await killBroker();
    expect(await receiving).toBeInstanceOf(SessionLost);
  });

  it('a message that is being completed ends with the loss of the session', async () => {
    const session = await openSession();
    await sendOne('order1');
    const message = await session.receive(10_000);
    if (message === undefined) throw new Error('The message did not come');
    broker.kill();
    const completing = outcome(session.complete(message));
    await broker.ended;
    expect(await completing).toBeInstanceOf(SessionLost);
  });

  it('a session that is being given back is closed, and the next one is waited for', async () => {
    const session = await openSession();
    broker.kill();
    // The connection does not know yet: nobody will answer the goodbye.
    const closing = outcome(session.close());
    await broker.ended;
    expect(await closing).toBeUndefined();
    expect(await outcome(session.close())).toBeUndefined();
    broker = await startBroker(port);
    expect(await outcome(openSession())).toHaveProperty('receive');
  });

  it('a bus that is being closed is closed', async () => {
    await openSession();
    broker.kill();
    const closing = outcome(bus.close());
    await broker.ended;
    expect(await closing).toBeUndefined();
  });

  it('what is being sent is sent as soon as there is a broker again', async () => {
    await sendOne('order1');
    broker.kill();
    // The connection does not know yet.
    const sending = outcome(sendOne('order2'));
    await broker.ended;
    broker = await startBroker(port);
    expect(await sending).toBeUndefined();
    const session = await openSession();
    expect((await session.receive(10_000))?.messageId).toBe('order2');
  });

  it('and stays away, sending ends as unavailable', async () => {
    await sendOne('order1');
    await killBroker();
    expect(await outcome(sendOne('order2'))).toBeInstanceOf(BusUnavailable);
  });

  it('a wait for the next session ends as unavailable', async () => {
    const waiting = outcome(bus.openNextSession('pool-capacity', 240_000));
    const other = await openSession();
    await killBroker();
    expect(await waiting).toBeInstanceOf(BusUnavailable);
    expect(await outcome(other.receive(240_000))).toBeInstanceOf(SessionLost);
  });

  it('the bus sends and receives again over a new broker, time and again', async () => {
    for (const messageId of ['order1', 'order2', 'order3']) {
      const session = await openSession();
      const receiving = outcome(session.receive(240_000));
      await killBroker();
      expect(await receiving).toBeInstanceOf(SessionLost);
      await session.close().catch(() => undefined);
      broker = await startBroker(port);
      await eventually('a message that is accepted', () => sendOne(messageId).then(() => true), atOnceMs);
      const again = await openSession();
      expect((await again.receive(10_000))?.messageId).toBe(messageId);
      await again.close();
    }
  });
});
