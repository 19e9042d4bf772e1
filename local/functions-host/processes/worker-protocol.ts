// What a worker process of the host says when it is ready, and how one is told where the others are.
import { z } from 'zod';
import type { AdminRun } from '../http/http-front.js';

const bindingSchema = z.looseObject({ name: z.string(), type: z.string(), direction: z.string() });
const functionSchema = z.object({ name: z.string(), bindings: z.array(bindingSchema) });

export const listedSchema = z.object({ ready: z.literal(true), functions: z.array(functionSchema) });
export const workerReadySchema = z.object({
  ready: z.literal(true),
  url: z.string(),
  port: z.number(),
  functions: z.array(functionSchema),
});
export type WorkerReady = z.infer<typeof workerReadySchema>;

/** Holds the addresses of the other workers by function name, for the one that answers admin calls. */
export const elsewhereVariable = 'BOOKEND_HOST_ELSEWHERE';
/** Holds the host key; taken out of the environment before the app is loaded. */
export const hostKeyVariable = 'BOOKEND_HOST_KEY';

const elsewhereSchema = z.record(z.string(), z.url());
const askWithinMs = 5_000;

/** Runs functions that other workers host, by asking them; `addresses` is the text of the variable above. */
export function createElsewhere(
  addresses: string,
  masterKey: string,
): (name: string, input: string) => Promise<AdminRun> {
  const urls = elsewhereSchema.parse(JSON.parse(addresses));
  return async (name, input) => {
    const url = Object.hasOwn(urls, name) ? urls[name] : undefined;
    if (url === undefined) return 'unknownFunction';
    try {
      const answer = await fetch(new URL(`/admin/functions/${encodeURIComponent(name)}`, url), {
        method: 'POST',
        headers: { 'x-functions-key': masterKey, 'content-type': 'application/json' },
        body: JSON.stringify({ input }),
        signal: AbortSignal.timeout(askWithinMs),
      });
      await answer.body?.cancel();
      return answer.status === 202 ? 'started' : answer.status === 404 ? 'unknownFunction' : 'unavailable';
    } catch {
      // That worker is down and being started again.
      return 'unavailable';
    }
  };
}
