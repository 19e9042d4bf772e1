// Large answers that were made and that their clients have not yet read: they stay in memory as long as a client likes.
import type { ServerResponse } from 'node:http';

export type UnreadAnswers = {
  /** Whether an answer of so many bytes may be kept until `response` is closed; small ones always may. */
  keep(bytes: number, response: ServerResponse): boolean;
};

const smallBytes = 1024 * 1024;

export function createUnreadAnswers(mostBytes: number): UnreadAnswers {
  let unread = 0;
  return {
    keep(bytes, response) {
      if (bytes <= smallBytes) return true;
      if (unread > 0 && unread + bytes > mostBytes) return false;
      unread += bytes;
      response.once('close', () => (unread -= bytes));
      return true;
    },
  };
}
