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

  constructor(
    message: string,
    found: { code?: string | undefined; status?: number | undefined },
    options: ErrorOptions,
  ) {
    super(message, options);
    this.code = found.code;
    this.status = found.status;
  }
}

/** What the client throws. A refused download carries no readable body, so most of it may be absent. */
const clientErrorSchema = z.object({
  statusCode: z.number().optional(),
  code: z.string().optional(),
  message: z.string().optional(),
  body: z
    .object({ code: z.string().optional(), message: z.object({ value: z.string().optional() }).optional() })
    .optional()
    .catch(undefined),
});

const mostAttempts = 5;
const firstPauseMs = 200;

/** Sends a request, again while the service is unreachable or busy (about 3 s in all). Throws RequestFailed. `what` completes "Tried to …". */
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
      await delay(systemClock, firstPauseMs * 2 ** (attempt - 1), signal);
    }
  }
}

function toFailure(what: string, error: unknown): RequestFailed {
  const { statusCode: status, body, code: clientCode, message } = clientErrorSchema.safeParse(error).data ?? {};
  const code = body?.code ?? (status === undefined ? undefined : clientCode);
  const text = body?.message?.value?.split('\n')[0] ?? message ?? String(error);
  const found = [status, code, text].filter((part) => part !== undefined).join(' ');
  return new RequestFailed(`Tried to ${what}; found: ${found}`, { code, status }, { cause: error });
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
