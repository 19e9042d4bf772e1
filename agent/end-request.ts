// How a life of a run is told that it has to end.
import type { Ending } from './run-record.js';

/** Aborting a life with this ends its run; the reason that came first is the one that is told. */
export class EndRequest extends Error {
  override readonly name = 'EndRequest';
  readonly ending: Ending;

  constructor(ending: Ending) {
    super(`The run is ended: ${ending.ending}`);
    this.ending = ending;
  }
}
