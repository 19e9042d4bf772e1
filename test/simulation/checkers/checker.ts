// What a checker is: it listens to what really happens and says when a promise is broken. It never acts on the world.
import type { Machine } from '../actors/machine.js';
import type { Fact, PromiseName } from '../core/facts.js';
import type { View } from '../core/view.js';

export type Violate = (promise: PromiseName, text: string) => void;

export type CheckContext = {
  readonly violate: Violate;
  readonly view: View;
  machines(): readonly Machine[];
  nowMs(): number;
  /** Whether so much went wrong that a good message may have been tried in vain until the broker gave it up. */
  mayGiveUp(): boolean;
  /** How many faults there were so far, those of calls and others. */
  faults(): number;
};

export type Checker = {
  onFact?(fact: Fact): void;
  /** When everything has come to rest. */
  atRest?(): void;
};

export type CreateChecker = (context: CheckContext) => Checker;
