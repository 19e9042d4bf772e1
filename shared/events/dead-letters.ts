// Messages that nobody could handle: a row each with the reason, the body in a blob. They block nobody, are visible, and can be replayed.
import { hashOf } from '../hash.js';
import type { Services } from '../services.js';
import { toDocument } from '../tables/document.js';

/** Partition of the dead-letter list, a row for each message. */
export const deadLetterPartition = 'dead-letters';

export type DeadLetter = {
  /** Queue that the message came from. */
  readonly queue: string;
  readonly messageId: string;
  readonly sessionId?: string;
  /** What was wrong, for a person to read. */
  readonly reason: string;
  /** How often it was tried. */
  readonly attempts: number;
  readonly type?: string;
  readonly source?: string;
  readonly at: string;
  /** Blob with the body as JSON. */
  readonly blob: string;
};

/** What is known of a message when it is given up. */
export type GivenUp = Pick<DeadLetter, 'queue' | 'messageId' | 'reason' | 'attempts'> & {
  readonly sessionId?: string;
  readonly body: unknown;
};

/**
 * Keeps the message as a dead letter: its body first, then the row that names it, so that no row points to nothing.
 * Its row is named by the message, so that one that comes again with its batch is listed once.
 */
export async function saveDeadLetter({ table, blobs, clock, log }: Services, message: GivenUp): Promise<void> {
  const { body, ...about } = message;
  const at = clock.now().toISOString();
  const text = JSON.stringify(body ?? null);
  const row = hashOf(message.queue, message.sessionId ?? '', message.messageId, text);
  const blob = `dead-letters/${row}.json`;
  await blobs.put(blob, Buffer.from(text));
  const letter: DeadLetter = { ...about, ...describeBody(body), at, blob };
  await table.write(deadLetterPartition, [{ type: 'upsert', row, values: toDocument('deadLetter', letter) }]);
  log.error('message dead-lettered', { queue: message.queue, messageId: message.messageId, reason: message.reason });
}

function describeBody(body: unknown): { type?: string; source?: string } {
  if (typeof body !== 'object' || body === null) return {};
  const { type, source } = body as { type?: unknown; source?: unknown };
  return { ...(typeof type === 'string' ? { type } : {}), ...(typeof source === 'string' ? { source } : {}) };
}
