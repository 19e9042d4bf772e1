// How the sample talks to the service: short retries instead of the client's half minutes, refusals as readable errors, bounded waits.
// Knows no pool and no job.
import { z } from 'zod';
import { delay, systemClock } from '../../shared/clock.js';

/** The service refused, or could not be reached. The message names what was attempted and what was found. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
  /** Batch's error code, e.g. `PoolExists`; undefined when there was no readable answer. */
  readonly code: string | undefined;
  readonly status: number | undefined;

  // Without the client's error as its cause: that one drags along the whole request and the client's own schemas.
  constructor(message: string, found: { code?: string | undefined; status?: number | undefined }) {
    super(message);
    this.code = found.code;
    this.status = found.status;
  }
}

/** What the client throws. A refused download carries no readable body, so most of it may be absent. */
const clientErrorSchema = z.object({
  statusCode: z.number().optional(),
  code: z.string().optional(),
  // The client puts the body's message object in the place of the text.
  message: z.string().optional().catch(undefined),
  body: z
    .object({ code: z.string().optional(), message: z.object({ value: z.string().optional() }).optional() })
    .optional()
    .catch(undefined),
});

const mostAttempts = 9;
const firstPauseMs = 200;
const longestPauseMs = 2_000;

/** Sends a request, again while the service is unreachable or busy (about 11 s in all). Throws RequestFailed. `what` completes "Tried to …". */
export async function request<T>(what: string, send: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await send();
    } catch (error) {
      const failure = toFailure(what, error);
      const mayPass =
        failure.status === undefined || failure.status >= 500 || failure.status === 429 || failure.status === 408;
      if (!mayPass || attempt === mostAttempts) throw failure;
      await delay(systemClock, Math.min(firstPauseMs * 2 ** (attempt - 1), longestPauseMs), signal);
    }
  }
}

/**
 * Sends a request that changes something. When it had to be sent again, a refusal with one of `codesOfDone` says that the
 * first try had got through although its answer was lost.
 */
export async function change(
  what: string,
  send: () => Promise<unknown>,
  { codesOfDone, signal }: { readonly codesOfDone: readonly string[]; readonly signal: AbortSignal | undefined },
): Promise<void> {
  let tries = 0;
  const counted = (): Promise<unknown> => {
    tries++;
    return send();
  };
  try {
    await request(what, counted, signal);
  } catch (error) {
    const isDone = error instanceof RequestFailed && error.code !== undefined && codesOfDone.includes(error.code);
    if (!isDone || tries === 1) throw error;
  }
}

function toFailure(what: string, error: unknown): RequestFailed {
  const { statusCode: status, body, code: clientCode, message } = clientErrorSchema.safeParse(error).data ?? {};
  const code = body?.code ?? (status === undefined ? undefined : clientCode);
  const text = body?.message?.value?.split('\n')[0] ?? message ?? String(error);
  const found = [status, code, text].filter((part) => part !== undefined).join(' ');
  return new RequestFailed(`Tried to ${what}; found: ${found}`, { code, status });
}

export type Wait<T> = {
  /** Completes "Waited 120 s for …". */
  readonly what: string;
  readonly withinMs: number;
  readonly everyMs: number;
  readonly signal?: AbortSignal;
  /** One look at the world. */
  readonly look: () => Promise<T>;
  readonly isReached: (seen: T) => boolean;
  /** What was seen, for the error when the time is up and for `onLook`. */
  readonly describe: (seen: T) => string;
  readonly onLook?: (description: string) => void;
};

/** Looks until it is reached and gives what was seen then. Rejects, naming what was awaited and what was found, when the time is up. */
export async function waitFor<T>(wait: Wait<T>): Promise<T> {
  const deadlineMs = systemClock.monotonicMs() + wait.withinMs;
  while (true) {
    const seen = await wait.look();
    if (wait.isReached(seen)) return seen;
    const found = wait.describe(seen);
    wait.onLook?.(found);
    if (systemClock.monotonicMs() >= deadlineMs) {
      throw new Error(`Waited ${Math.round(wait.withinMs / 1000)} s for ${wait.what}; found: ${found}`);
    }
    await delay(systemClock, wait.everyMs, wait.signal);
  }
}
