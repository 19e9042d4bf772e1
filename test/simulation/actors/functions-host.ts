// The functions host: wakes the app's queue and timer functions as Azure does. Each invocation that dies takes its instance with it.
//   session batches of up to 100, one at a time per instance; complete all on return, abandon all on a throw; no lock renewal;
//   the sweep's timers, once for all instances; the drain of each queue's dead letters, one message at a time.
import { addConsumer, removeConsumer, stir } from '../../../local/service-bus/engine/deliver.js';
import { releaseSession } from '../../../local/service-bus/engine/sessions.js';
import type { Delivery, Queue, Session } from '../../../local/service-bus/engine/queue.js';
import { delay } from '../../../shared/clock.js';
import { saveDeadLetter } from '../../../shared/events/dead-letters.js';
import { reactToJobEvents } from '../../../shared/passes/react-to-job-events.js';
import { sweep } from '../../../shared/passes/sweep.js';
import { createLife, type Life } from '../core/life.js';
import { beginningMs, clockOn } from '../core/scheduler.js';
import type { World } from '../core/world.js';
import { deadLetterReasonOf, toReceived } from '../models/broker.js';
import { createConsumer, nextSession, releaseOnDeath, type HeldConsumer } from '../models/sim-bus.js';

export type FunctionsHost = {
  /** Nothing is received any more. */
  stop(): void;
};

/** How batch handlers are settled; a mutant may do it wrong. */
export type HostManner = { readonly settlesBeforeHandling: boolean };

const largestBatch = 100;
const sessionIdleMs = 1_000;
const sessionWaitMs = 60_000;
const sweepEveryMs = 5 * 60_000;
const drained = ['job-events', 'node-orders', 'pool-capacity'] as const;

export function startFunctionsHost(
  world: World,
  options: { readonly instanceCount: number; readonly manner?: HostManner },
): FunctionsHost {
  const { sim } = world;
  const lives = new Map<number, Life>();
  let isStopped = false;
  let starts = 0;
  const startInstance = (number: number, run: (life: Life) => Promise<void>): void => {
    if (isStopped) return;
    const life = createLife(`host-${number}.${(starts += 1)}`, 'controller');
    lives.set(number, life);
    life.onDeath(() => {
      lives.delete(number);
      sim.scheduler.after(sim.chaos.int(10, 5_000), () => startInstance(number, run));
    });
    run(life).catch((error: unknown) => {
      throw new Error(`The functions host failed`, { cause: error });
    });
  };
  const manner = options.manner ?? { settlesBeforeHandling: false };
  for (let number = 1; number <= options.instanceCount; number += 1)
    startInstance(number, (life) => serveJobEvents(world, life, manner));
  drained.forEach((queue, index) => startInstance(100 + index, (life) => drainDeadLetters(world, life, queue)));
  startSweeps(world, () => isStopped);
  return {
    stop() {
      isStopped = true;
      for (const life of [...lives.values()]) life.kill('the host was stopped');
    },
  };
}

async function serveJobEvents(world: World, life: Life, manner: HostManner): Promise<void> {
  const { sim, broker } = world;
  const queue = broker.queue('job-events');
  const services = world.servicesOf(life);
  const call = <T>(method: string, about: () => string, effect: () => T): Promise<T> =>
    sim.call({ life, api: 'bus', method, about, effect });
  for (;;) {
    const consumer = createConsumer(sim);
    const session = await nextSession(sim, queue, { waitMs: sessionWaitMs, consumer, life, call });
    if (session === undefined) continue;
    releaseOnDeath(sim, life, queue, session, consumer);
    for (;;) {
      const batch = await receiveBatch(world, life, queue, session, consumer);
      if (batch.length === 0) break;
      const settleAll = (type: 'complete' | 'abandon'): Promise<void> =>
        call(
          'settle',
          () => `${type} ${batch.length} of ${session.id}`,
          () => settleBatch(world, queue, batch, type),
        );
      if (manner.settlesBeforeHandling) await settleAll('complete');
      const outcome = await handle(world, life, () => reactToJobEvents(services, batch.map(toMessage)));
      if (!manner.settlesBeforeHandling) await settleAll(outcome);
    }
    releaseSession(queue, session, consumer);
  }
}

const toMessage = ({ message }: Delivery) => toReceived(message);

/** Waits for the first message, then takes whatever else is there. */
function receiveBatch(
  { sim }: World,
  life: Life,
  queue: Queue,
  session: Session,
  consumer: HeldConsumer,
): Promise<readonly Delivery[]> {
  if (consumer.isLost) return Promise.resolve([]);
  return new Promise((resolve) => {
    const batch: Delivery[] = [];
    const finish = (): void => {
      consumer.room = 0;
      timer.cancel();
      if (!life.isAlive()) return;
      if (batch.length > 0 && sim.history.isKept)
        sim.tell(
          life.name,
          `batch of ${batch.length} in ${session.id}: ${batch.map(({ message }) => message.messageId.slice(0, 24)).join(', ')}`,
        );
      resolve(batch);
    };
    let timer = sim.scheduler.after(sessionIdleMs, finish);
    consumer.onLost = finish;
    consumer.onDelivery = (delivery) => {
      batch.push(delivery);
      if (batch.length > 1) return;
      timer.cancel();
      timer = sim.scheduler.after(1, finish);
    };
    consumer.room = largestBatch;
    stir(queue, session);
  });
}

function settleBatch(
  { sim, broker }: World,
  queue: Queue,
  batch: readonly Delivery[],
  type: 'complete' | 'abandon',
): void {
  sim.bill('S', batch.length);
  for (const { lock } of batch) {
    // A lock that was lost means that the message comes again.
    if (lock !== undefined) broker.settle(queue, lock.token, type === 'complete' ? { type } : { type, properties: [] });
  }
}

/** One execution of a function: what it throws is a redelivery. */
async function handle({ sim }: World, life: Life, work: () => Promise<void>): Promise<'complete' | 'abandon'> {
  sim.bill('E');
  try {
    await work();
    return 'complete';
  } catch (error) {
    sim.tell(life.name, `function threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);
    return 'abandon';
  }
}

async function drainDeadLetters(world: World, life: Life, name: (typeof drained)[number]): Promise<void> {
  const { sim, broker } = world;
  const queue = broker.queue(`${name}/$deadletterqueue`);
  const services = world.servicesOf(life);
  const consumer = createConsumer(sim);
  addConsumer(queue, consumer);
  life.onDeath(() => removeConsumer(queue, consumer));
  for (;;) {
    const delivery = await new Promise<Delivery>((resolve) => {
      consumer.onDelivery = resolve;
      consumer.room = 1;
      queue.engine.wake(queue);
    });
    const { message, lock } = delivery;
    const { body, messageId, deliveryCount } = toReceived(message);
    const reason = deadLetterReasonOf(message);
    const outcome = await handle(world, life, () =>
      saveDeadLetter(services, { queue: name, messageId, body, attempts: deliveryCount, reason }),
    );
    await sim.call({
      life,
      api: 'bus',
      method: 'settle',
      about: () => `${outcome} ${messageId} of ${queue.address}`,
      effect() {
        if (lock !== undefined)
          broker.settle(
            queue,
            lock.token,
            outcome === 'complete' ? { type: outcome } : { type: outcome, properties: [] },
          );
      },
    });
  }
}

/** Every five minutes the busy pools, on the hour all of them. */
function startSweeps(world: World, isStopped: () => boolean): void {
  const { sim } = world;
  let rounds = 0;
  const tick = (): void => {
    if (isStopped()) return;
    rounds += 1;
    const life = createLife(`sweep-${rounds}`, 'controller');
    const quietPoolsToo = (sim.scheduler.nowMs() - beginningMs) % 3600_000 === 0;
    void handle(world, life, () => sweep(world.servicesOf(life), { quietPoolsToo })).then(() => life.kill('done'));
    sim.scheduler.after(sweepEveryMs, tick);
  };
  sim.scheduler.after(sweepEveryMs, tick);
}

/** Pauses on the world's clock. */
export const pauseOf = (world: World, ms: number): Promise<void> => delay(clockOn(world.sim.scheduler), ms);
