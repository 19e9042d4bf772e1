// Events owed, saved in the transaction that made them true: one row for all events of one transaction, until they are delivered or too old.
import { toDocument } from '../tables/document.js';
import type { RowRange, Write } from '../tables/table.js';
import type { OwedEvent } from './event.js';

export const eventRange: RowRange = { from: 'event:', below: 'event;' };

/** The insert that owes `events`, or nothing when there are none. `transactionId` is fresh for each transaction. */
export function toEventWrites(events: readonly OwedEvent[], now: Date, transactionId: string): readonly Write[] {
  if (events.length === 0) return [];
  return [{ type: 'insert', row: `event:${now.toISOString()}:${transactionId}`, values: toDocument('events', events) }];
}
