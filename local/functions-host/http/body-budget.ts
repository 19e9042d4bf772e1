// How many bytes of request bodies the host holds at one time, over all requests.

export type BodyBudget = {
  /** The account of one request. */
  open(): BodyAccount;
};
export type BodyAccount = {
  /** Whether there was room for these bytes more; they are held from then on. */
  take(bytes: number): boolean;
  /** Gives back all that was taken; may be called twice. */
  close(): void;
};

export function createBodyBudget(maxBytes: number): BodyBudget {
  let held = 0;
  return {
    open() {
      let mine = 0;
      return {
        take(bytes) {
          if (held + bytes > maxBytes) return false;
          held += bytes;
          mine += bytes;
          return true;
        },
        close() {
          held -= mine;
          mine = 0;
        },
      };
    },
  };
}
