// Requests of a user who does not give up: sent again through every outage until they are accepted, or found to have been.
import { z } from 'zod';
import { eventually } from '../helpers/eventually.js';

const refusalSchema = z.object({ statusCode: z.number().int(), code: z.string() });
const sendEveryMs = 100;

/**
 * Sends until it is accepted. One of `doneCodes` means that an earlier try was accepted although its answer was lost.
 * Any other refusal (4xx) is thrown at once.
 */
export async function persistently(
  what: string,
  send: () => Promise<unknown>,
  doneCodes: readonly string[] = [],
  withinMs = 60_000,
): Promise<void> {
  const outcome = await eventually(
    what,
    async () => {
      try {
        await send();
        return 'accepted';
      } catch (error) {
        const refusal = refusalSchema.safeParse(error).data;
        if (refusal === undefined || refusal.statusCode >= 500) throw error;
        return doneCodes.includes(refusal.code) ? 'accepted' : { error };
      }
    },
    withinMs,
    sendEveryMs,
  );
  if (outcome !== 'accepted') throw outcome.error;
}
