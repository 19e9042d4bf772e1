// Fresh identifiers and randomness, as an interface so that a simulator can draw them from a seed.
import { randomUUID } from 'node:crypto';

export type Ids = {
  /** A fresh uuid (RFC 9562 version 4). */
  uuid(): string;
  /** A number in [0, 1), for jitter. */
  random(): number;
};

/** The machine's own randomness. */
export const systemIds: Ids = { uuid: () => randomUUID(), random: () => Math.random() };
