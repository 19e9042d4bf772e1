// Links that receive one session of a queue: by id, or the next one with messages, for which the answer to the peer's
// attach is held back until there is one or the peer's patience ends.
import type { AmqpCondition } from '../amqp/fault.js';
import type { Attach } from '../amqp/performatives.js';
import { fromMap, integerOf, long, symbol, text, textOf, undescribed, type AmqpValue } from '../amqp/values.js';
import { stir } from '../engine/deliver.js';
import type { Queue, Session, SessionConsumer, SessionHold } from '../engine/queue.js';
import { acceptNextSession, acceptSession, releaseSession } from '../engine/sessions.js';
import type { OutgoingLink } from './connection.js';
import { confirmAttach, detachLink } from './end-link.js';
import { consumerOn } from './queue-links.js';
import { lockLost } from './settle-delivery.js';

const filterName = 'com.microsoft:session-filter';
const timeoutName = 'com.microsoft:timeout';
const lockedUntilName = 'com.microsoft:locked-until-utc';

/** A session the peer asked for: by id, or any (undefined). */
export type SessionWish = { readonly sessionId: string | undefined; readonly timeoutMs: number };

// What a service that answers within its own operation timeout would take.
const defaultTimeoutMs = 60_000;
const filterField = 7;

/** The session filter of an attach; undefined when it has none. */
export function wantedSession({ source, properties }: Attach): SessionWish | undefined {
  const filter = sourceFields(source)?.[filterField];
  if (filter?.type !== 'map') return undefined;
  const entry = filter.entries.find(([key]) => textOf(key) === filterName);
  if (entry === undefined) return undefined;
  const timeoutMs = integerOf(fromMap(properties, timeoutName)) ?? defaultTimeoutMs;
  return { sessionId: textOf(undescribed(entry[1])), timeoutMs };
}

/** Gives the peer its session, now or when there is one; says why not otherwise. */
export function serveSessionReceiver(link: OutgoingLink, queue: Queue, wish: SessionWish): AmqpCondition | undefined {
  if (!queue.rules.requiresSession) {
    const description = 'A sessionful message receiver cannot be created on an entity that does not require sessions.';
    return { condition: 'amqp:not-allowed', description };
  }
  const consumer: SessionConsumer = {
    ...consumerOn(link, queue),
    onSessionLost: () => detachLink(link, lockLost(true)),
  };
  const owner = link.session.connection;
  const confirm = (session: Session, hold: SessionHold): void => {
    link.onGone = () => releaseSession(queue, session, consumer);
    link.onRoom = () => stir(queue, session);
    confirmAttach(link, grantedTerms(link.attach, session.id, hold.untilMs));
  };
  if (wish.sessionId !== undefined) {
    const granted = acceptSession(queue, wish.sessionId, { consumer, owner });
    if (granted === undefined) {
      const description = `The requested session '${wish.sessionId}' cannot be accepted. It may be locked by another receiver.`;
      return { condition: 'com.microsoft:session-cannot-be-locked', description };
    }
    confirm(granted.session, granted.hold);
    return undefined;
  }
  link.onGone = acceptNextSession(queue, wish.timeoutMs, {
    consumer,
    owner,
    onGranted: confirm,
    onTimeout: () =>
      detachLink(link, {
        condition: 'com.microsoft:timeout',
        description: 'No session with messages became available in time.',
      }),
  });
  return undefined;
}

// The source comes back with the session's id in the filter; the lock's end goes into the properties as .NET ticks.
function grantedTerms(
  attach: Attach,
  sessionId: string,
  untilMs: number,
): { source: AmqpValue; properties: AmqpValue } {
  const { source } = attach;
  const fields = [...(sourceFields(source) ?? [])];
  fields[filterField] = { type: 'map', entries: [[symbol(filterName), text(sessionId)]] };
  const list: AmqpValue = { type: 'list', items: fields };
  const descriptor: AmqpValue = source?.type === 'described' ? source.descriptor : { type: 'ulong', value: 0x28n };
  const ticks = BigInt(untilMs) * 10_000n + 621_355_968_000_000_000n;
  return {
    source: { type: 'described', descriptor, value: list },
    properties: { type: 'map', entries: [[symbol(lockedUntilName), long(ticks)]] },
  };
}

function sourceFields(source: AmqpValue | undefined): readonly AmqpValue[] | undefined {
  return source?.type === 'described' && source.value.type === 'list' ? source.value.items : undefined;
}
