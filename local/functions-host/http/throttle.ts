// The two bounds of host.json on HTTP: how many requests may be in the host, and how many of them run at once. Whoever asks from one
// address shares with those of others: turns go round between addresses, and in a full host the one that has most in it makes way.

export type Throttle = {
  /** Takes a place for one request of `address`; undefined when `maxOutstandingRequests` are in the host and none makes way. */
  enter(address: string): Place | undefined;
};
export type Place = {
  /** True when the request may run: at once while fewer than `maxConcurrentRequests` do. False when it made way instead. */
  turn(): Promise<boolean>;
  /** Gives the place back; must be called once, whether the turn came or not. */
  leave(): void;
};

type Waiting = { begin(mayRun: boolean): void };
/** What one address has in the host. */
type Share = { count: number; readonly waiting: Waiting[] };

/** Either bound may be infinite. */
export function createThrottle(bounds: { maxOutstandingRequests: number; maxConcurrentRequests: number }): Throttle {
  let outstanding = 0;
  let running = 0;
  // Those whose turn comes next first.
  const shares = new Map<string, Share>();

  function release(address: string, share: Share): void {
    outstanding -= 1;
    share.count -= 1;
    if (share.count === 0) shares.delete(address);
  }

  /** Whether one that waits made way: the last one of the address that has most, if that has more than the new one will have. */
  function makeWay(count: number): boolean {
    const [most] = [...shares]
      .filter(([, { waiting }]) => waiting.length > 0)
      .sort(([, a], [, b]) => b.count - a.count);
    if (most === undefined || most[1].count <= count + 1) return false;
    const [address, share] = most;
    release(address, share);
    share.waiting.pop()?.begin(false);
    return true;
  }

  function next(): void {
    for (const [address, share] of shares) {
      const first = share.waiting.shift();
      if (first === undefined) continue;
      shares.delete(address);
      shares.set(address, share);
      return first.begin(true);
    }
    running -= 1;
  }

  return {
    enter(address) {
      const isFull = outstanding >= bounds.maxOutstandingRequests;
      if (isFull && !makeWay(shares.get(address)?.count ?? 0)) return undefined;
      const share = shares.get(address) ?? { count: 0, waiting: [] };
      shares.set(address, share);
      outstanding += 1;
      share.count += 1;
      let state: 'outside' | 'runs' | 'madeWay' = 'outside';
      return {
        async turn() {
          if (running < bounds.maxConcurrentRequests) running += 1;
          // The one that leaves hands its turn over, so `running` stays as it is.
          else if (!(await new Promise<boolean>((begin) => share.waiting.push({ begin })))) {
            state = 'madeWay';
            return false;
          }
          state = 'runs';
          return true;
        },
        leave() {
          if (state === 'madeWay') return;
          release(address, share);
          if (state === 'runs') next();
        },
      };
    },
  };
}
