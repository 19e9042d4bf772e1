// Management operations on the locks of messages.
import { fromMap, namedEntries, textOf, timestamp, textMap, type AmqpValue } from '../amqp/values.js';
import { heldSession } from '../engine/sessions.js';
import { deadLetterReason, liveLock, renewLock, settle, type Settlement } from '../engine/settle.js';
import {
  badArgument,
  lockTokensIn,
  messageLockLost,
  ok,
  sessionLockLost,
  type ManagementContext,
  type Operation,
} from './management-operation.js';

export const lockOperations: Readonly<Record<string, Operation>> = {
  'renew-lock'(body, { queue }) {
    const tokens = lockTokensIn(body);
    if (tokens === undefined || tokens.length === 0) return badArgument('lock-tokens must be an array of uuids.');
    // All or none: a client that is told of an error believes that none was renewed.
    if (tokens.some((token) => liveLock(queue, token) === undefined)) return messageLockLost;
    const ends = tokens.map((token) => renewLock(queue, token));
    if (ends.some((end) => end === undefined)) return badArgument('Messages of a session are renewed with it.');
    const items = ends.map((end) => timestamp(end ?? 0));
    return ok(textMap({ expirations: { type: 'array', of: 'timestamp', items } }));
  },

  'update-disposition'(body, context) {
    const tokens = lockTokensIn(body);
    if (tokens === undefined || tokens.length === 0) return badArgument('lock-tokens must be an array of uuids.');
    const settlement = settlementIn(body);
    if (settlement === undefined) return badArgument('disposition-status is unknown.');
    const { queue } = context;
    if (!mayUseSession(body, context)) return sessionLockLost;
    if (tokens.some((token) => liveLock(queue, token) === undefined)) return messageLockLost;
    const results = tokens.map((token) => settle(queue, token, settlement));
    if (results.includes('lockLost')) return messageLockLost;
    if (results.includes('notAllowed')) {
      const description = 'A message in a dead-letter queue cannot be dead-lettered again.';
      return { status: 400, description, error: 'amqp:not-allowed' };
    }
    return ok();
  },
};

function mayUseSession(body: AmqpValue | undefined, { queue, owner }: ManagementContext): boolean {
  const sessionId = textOf(fromMap(body, 'session-id'));
  if (!queue.rules.requiresSession || sessionId === undefined) return true;
  return heldSession(queue, sessionId, owner) !== undefined;
}

function settlementIn(body: AmqpValue | undefined): Settlement | undefined {
  const properties = namedEntries(fromMap(body, 'properties-to-modify'));
  switch (textOf(fromMap(body, 'disposition-status'))) {
    case 'completed':
      return { type: 'complete' };
    case 'abandoned':
      return { type: 'abandon', properties };
    // The protocol's own spelling.
    case 'defered':
      return { type: 'defer', properties };
    case 'suspended': {
      const reason = textOf(fromMap(body, 'deadletter-reason'));
      const description = textOf(fromMap(body, 'deadletter-description'));
      return { type: 'deadLetter', properties: [...properties, ...deadLetterReason(reason, description)] };
    }
    default:
      return undefined;
  }
}
