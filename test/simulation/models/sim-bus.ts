// The bus as one program sees it: sends and sessions over the broker, behind calls that take time and fail.
// A session is held as the real client holds it: its lock is renewed while the program lives, an idle link is detached.
import { deadLetterReason, type Settlement } from '../../../local/service-bus/engine/settle.js';
import {
  acceptNextSession,
  acceptSession,
  heldSession,
  releaseSession,
  renewSession,
} from '../../../local/service-bus/engine/sessions.js';
import { stir } from '../../../local/service-bus/engine/deliver.js';
import type { Delivery, Queue, Session, SessionConsumer } from '../../../local/service-bus/engine/queue.js';
import {
  BusUnavailable,
  SessionLost,
  type Bus,
  type ReceivedMessage,
  type SessionReceiver,
} from '../../../shared/queues/bus.js';
import type { Life } from '../core/life.js';
import type { Sim } from '../core/sim.js';
import { toReceived, type Broker } from './broker.js';

const detachedAfterIdleMs = 10 * 60_000;
// As the client does it.
const renewedBeforeMs = 10_000;

export function createSimBus(sim: Sim, broker: Broker, life: Life, isCutOff: () => boolean = () => false): Bus {
  const unavailable = (): Error => new BusUnavailable('The broker did not answer');
  const shared = { life, api: 'bus', isCutOff } as const;
  const call = <T>(
    method: string,
    about: () => string,
    effect: () => T,
    refuse: () => Error = unavailable,
  ): Promise<T> => sim.call({ ...shared, method, about, effect, refuse });
  const hold = (queue: Queue, session: Session, consumer: HeldConsumer): SessionReceiver =>
    holdSession({ sim, broker, life, queue, session, consumer, call });
  return {
    async send(queue, messages) {
      if (messages.length === 0) return;
      const accept = (): void => {
        sim.bill('S', messages.length);
        broker.accept(queue, messages);
      };
      await sim.call({
        ...shared,
        method: 'send',
        about: () =>
          `${queue} ${messages.map(({ body, sessionId }) => `${shortType(body.type)} to ${sessionId ?? ''}`).join(', ')}`,
        effect: accept,
        refuse: unavailable,
        variants: {
          duplicated() {
            accept();
            const againMs = sim.chaos.pick([0, 1000, 30_000, 400_000]);
            sim.scheduler.after(againMs, () => broker.accept(queue, messages));
          },
          lost: () => undefined,
          partial() {
            broker.accept(queue, messages.slice(0, sim.chaos.int(0, messages.length - 1)));
            throw unavailable();
          },
        },
      });
    },
    async openSession(name, sessionId) {
      const queue = broker.queue(name);
      const consumer = createConsumer(sim);
      const granted = await call(
        'openSession',
        () => `${name} ${sessionId}`,
        () => acceptSession(queue, sessionId, { consumer, owner: life }),
      );
      return granted === undefined ? undefined : hold(queue, granted.session, consumer);
    },
    async openNextSession(name, waitMs) {
      const queue = broker.queue(name);
      const consumer = createConsumer(sim);
      const granted = await nextSession(sim, queue, { waitMs, consumer, life, call });
      if (granted === undefined) return undefined;
      return { ...hold(queue, granted, consumer), sessionId: granted.id };
    },
    close: () => Promise.resolve(),
  };
}

// "dev.bookend.hint.tasks-added" is shown as "tasks-added".
const shortType = (type: string): string => type.split('.').at(-1) ?? type;

type CallBus = <T>(method: string, about: () => string, effect: () => T, refuse?: () => Error) => Promise<T>;

/** Waits up to `waitMs` for a session that has messages. */
export async function nextSession(
  sim: Sim,
  queue: Queue,
  wish: { waitMs: number; consumer: SessionConsumer; life: Life; call: CallBus },
): Promise<Session | undefined> {
  const { waitMs, consumer, life, call } = wish;
  await call(
    'openNextSession',
    () => queue.address,
    () => undefined,
  );
  return new Promise((resolve) => {
    const leave = acceptNextSession(queue, waitMs, {
      consumer,
      owner: life,
      onGranted(session) {
        if (!life.isAlive()) return releaseSession(queue, session, consumer);
        sim.tell(life.name, `took session ${session.id} of ${queue.address}`);
        resolve(session);
      },
      onTimeout: () => resolve(undefined),
    });
    life.onDeath(leave);
  });
}

export type HeldConsumer = SessionConsumer & {
  room: number;
  isLost: boolean;
  onDelivery: (delivery: Delivery) => void;
  onLost: () => void;
};

/** A receiver of a session that takes what it has room for. */
export function createConsumer(sim: Sim): HeldConsumer {
  const consumer: HeldConsumer = {
    mode: 'peekLock',
    room: 0,
    isLost: false,
    onDelivery: () => undefined,
    onLost: () => undefined,
    capacity: () => consumer.room,
    deliver(delivery) {
      consumer.room -= 1;
      sim.bill('S');
      consumer.onDelivery(delivery);
    },
    onSessionLost() {
      consumer.isLost = true;
      consumer.onLost();
    },
  };
  return consumer;
}

/** What the broker sees of a program that dies: mostly a closed connection, sometimes nothing until the lock runs out. */
export function releaseOnDeath(sim: Sim, life: Life, queue: Queue, session: Session, consumer: HeldConsumer): void {
  life.onDeath(() => {
    consumer.room = 0;
    if (sim.chaos.chance(0.3)) return;
    sim.scheduler.after(sim.chaos.int(1, 2000), () => releaseSession(queue, session, consumer));
  });
}

type Holding = {
  readonly sim: Sim;
  readonly broker: Broker;
  readonly life: Life;
  readonly queue: Queue;
  readonly session: Session;
  readonly consumer: HeldConsumer;
  readonly call: CallBus;
};

function holdSession({ sim, broker, life, queue, session, consumer, call }: Holding): SessionReceiver {
  const deliveries = new Map<ReceivedMessage, Delivery>();
  const lost = (): Error => new SessionLost(`Session '${session.id}' is no longer held`);
  let isClosed = false;
  let isReceiving = false;
  let usedAtMs = sim.scheduler.nowMs();
  releaseOnDeath(sim, life, queue, session, consumer);

  const watch = (): void => {
    sim.scheduler.after(queue.rules.lockDurationMs - renewedBeforeMs, () => {
      if (isClosed || consumer.isLost || !life.isAlive()) return;
      if (!isReceiving && sim.scheduler.nowMs() - usedAtMs > detachedAfterIdleMs) {
        consumer.isLost = true;
        return releaseSession(queue, session, consumer);
      }
      const held = heldSession(queue, session.id, life);
      if (held !== undefined) {
        sim.bill('S');
        renewSession(queue, held);
      }
      watch();
    });
  };
  watch();

  const settleWith = async (message: ReceivedMessage, settlement: Settlement): Promise<void> => {
    const delivery = deliveries.get(message);
    if (delivery?.lock === undefined) throw new Error(`Message '${message.messageId}' was not received here`);
    const { token } = delivery.lock;
    usedAtMs = sim.scheduler.nowMs();
    const effect = (): void => {
      sim.bill('S');
      if (broker.settle(queue, token, settlement) === 'lockLost') throw lost();
    };
    await call(settlement.type, () => `${queue.address} ${message.messageId}`, effect, lost);
    deliveries.delete(message);
  };

  return {
    async receive(waitMs, signal) {
      usedAtMs = sim.scheduler.nowMs();
      await call(
        'receive',
        () => session.id,
        () => undefined,
        lost,
      );
      if (signal?.aborted === true) return undefined;
      if (consumer.isLost || isClosed) throw lost();
      isReceiving = true;
      return new Promise((resolve, reject) => {
        const finish = (act: () => void): void => {
          timer.cancel();
          signal?.removeEventListener('abort', giveUp);
          consumer.room = 0;
          isReceiving = false;
          usedAtMs = sim.scheduler.nowMs();
          if (life.isAlive()) act();
        };
        const giveUp = (): void => {
          // A wait in vain is an operation, too.
          sim.bill('S');
          finish(() => resolve(undefined));
        };
        const timer = sim.scheduler.after(waitMs, giveUp);
        signal?.addEventListener('abort', giveUp, { once: true });
        consumer.onLost = () => finish(() => reject(lost()));
        consumer.onDelivery = (delivery) => {
          const message = toReceived(delivery.message);
          deliveries.set(message, delivery);
          finish(() => {
            sim.tell(life.name, `received ${message.messageId} (${message.deliveryCount}) in ${session.id}`);
            resolve(message);
          });
        };
        consumer.room = 1;
        stir(queue, session);
      });
    },
    complete: (message) => settleWith(message, { type: 'complete' }),
    abandon: (message) => settleWith(message, { type: 'abandon', properties: [] }),
    deadLetter: (message, reason) =>
      settleWith(message, { type: 'deadLetter', properties: deadLetterReason(reason, undefined) }),
    close() {
      isClosed = true;
      consumer.room = 0;
      releaseSession(queue, session, consumer);
      return Promise.resolve();
    },
  };
}
