// The two bounds of host.json on HTTP: how many requests may be in the host, and how many of them run at once.

export type Throttle = {
  /** Takes a place for one request; undefined when `maxOutstandingRequests` are in the host already. */
  enter(): Place | undefined;
};
export type Place = {
  /** Resolves when the request may run: at once while fewer than `maxConcurrentRequests` do, else in order of arrival. */
  turn(): Promise<void>;
  /** Gives the place back; must be called once, whether the turn came or not. */
  leave(): void;
};

/** Either bound may be infinite. */
export function createThrottle(bounds: { maxOutstandingRequests: number; maxConcurrentRequests: number }): Throttle {
  let outstanding = 0;
  let running = 0;
  const waiting: (() => void)[] = [];

  function enter(): Place | undefined {
    if (outstanding >= bounds.maxOutstandingRequests) return undefined;
    outstanding += 1;
    let hasTurn = false;
    return {
      async turn() {
        hasTurn = true;
        if (running < bounds.maxConcurrentRequests) running += 1;
        // The one that leaves hands its turn over, so `running` stays as it is.
        else await new Promise<void>((resolve) => waiting.push(resolve));
      },
      leave() {
        outstanding -= 1;
        if (!hasTurn) return;
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      },
    };
  }

  return { enter };
}
