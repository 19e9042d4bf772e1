// A request acts only as long as somebody waits for its answer. Whoever got none tries again, and may have gone on long since: what a
// straggler does then would undo it. Knows no concept.
import type { Services } from '../services.js';

/** The request's time is over; its caller has been answered. */
export class TooLate extends Error {
  override readonly name = 'TooLate';
}

/** `services` for one request: from `deadlineMs` on (monotonic) nothing is written or sent any more, and attempts at it throw TooLate. */
export function withinTime(services: Services, deadlineMs: number): Services {
  const { table, bus, clock } = services;
  const requireTime = (what: string): void => {
    if (clock.monotonicMs() >= deadlineMs) throw new TooLate(`${what} was not tried: the request had taken too long`);
  };
  return {
    ...services,
    table: {
      ...table,
      async write(partition, writes) {
        requireTime('A write');
        return table.write(partition, writes);
      },
    },
    bus: {
      ...bus,
      async send(queue, messages) {
        requireTime('A message');
        return bus.send(queue, messages);
      },
    },
  };
}
