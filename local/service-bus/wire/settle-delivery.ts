// Translates between what AMQP says about a delivery and what the engine does with a message.
import type { AmqpCondition } from '../amqp/fault.js';
import type { StatedOutcome } from '../amqp/outgoing-frames.js';
import type { Outcome } from '../amqp/performatives.js';
import { namedEntries } from '../amqp/values.js';
import { deadLetterReason, settle, type PropertyChanges, type Settlement } from '../engine/settle.js';
import { unreachable } from '../../../shared/unreachable.js';
import type { Unsettled } from './connection.js';

/** Does what the peer said and gives the outcome to answer with: success is 'accepted', whatever the peer chose. */
export function settleDelivery({ queue, token, isUnderSession }: Unsettled, outcome: Outcome): StatedOutcome {
  const settlement = toSettlement(outcome);
  if (settlement === undefined) return noSuchTransaction;
  const result = settle(queue, token, settlement);
  switch (result) {
    case 'settled':
      return 'accepted';
    case 'lockLost':
      return lockLost(isUnderSession);
    case 'notAllowed':
      return notAllowed;
    default:
      return unreachable(result);
  }
}

export const notAllowed: AmqpCondition = {
  condition: 'amqp:not-allowed',
  description: 'A message in a dead-letter queue cannot be dead-lettered again.',
};

/** The error for what was to be part of a transaction: there are none here, so none can have begun. */
export const noSuchTransaction: AmqpCondition = {
  condition: 'amqp:transaction:unknown-id',
  description: 'Transactions are not supported.',
};

/** The error for a delivery whose lock, or whose session's lock, no longer holds. */
export function lockLost(isUnderSession: boolean): AmqpCondition {
  if (isUnderSession) {
    const description = 'The session lock has expired. Accept the session again to receive its messages.';
    return { condition: 'com.microsoft:session-lock-lost', description };
  }
  const description = 'The lock supplied is invalid. Either it expired or the message was already settled.';
  return { condition: 'com.microsoft:message-lock-lost', description };
}

function toSettlement(outcome: Outcome): Settlement | undefined {
  switch (outcome.type) {
    case 'accepted':
      return { type: 'complete' };
    case 'transactional':
      return undefined;
    case 'released':
      return { type: 'abandon', properties: [] };
    case 'modified': {
      const properties = namedEntries(outcome.annotations);
      return { type: outcome.undeliverableHere ? 'defer' : 'abandon', properties };
    }
    case 'rejected':
      return { type: 'deadLetter', properties: rejectionReason(outcome) };
    default:
      return unreachable(outcome);
  }
}

// Service Bus clients put reason and description into the error's map; others say them as the error itself.
function rejectionReason({ error }: Extract<Outcome, { type: 'rejected' }>): PropertyChanges {
  const fromDetails = namedEntries(error?.details);
  if (fromDetails.length > 0 || error === undefined || error.condition === 'com.microsoft:dead-letter') {
    return fromDetails;
  }
  return deadLetterReason(error.condition, error.description);
}
