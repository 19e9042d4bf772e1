// What a checker is: it listens to what really happens and says when a promise is broken. It never acts on the world.
import type { Machine } from '../actors/machine.js';
import type { Fact } from '../core/facts.js';
import type { View } from '../core/view.js';

export type PromiseName =
  | 'promise 1: prepared before the first task'
  | 'promise 2: one preparation at a time'
  | 'promise 3: every obligation is released or waived'
  | 'promise 4: releases only while a job ends'
  | 'promise 5: what was accepted happens'
  | 'promise 6: the end is the same'
  | 'promise 7: poison is set aside alone'
  | 'promise 8: a failing preparation is told'
  | 'promise 9: quiet when nothing happens'
  | 'conservation'
  | 'monotone'
  | 'truth'
  | 'no bug is logged'
  | 'budget';

export type Violate = (promise: PromiseName, text: string) => void;

export type CheckContext = {
  readonly violate: Violate;
  readonly view: View;
  machines(): readonly Machine[];
  nowMs(): number;
};

export type Checker = {
  onFact?(fact: Fact): void;
  /** When everything has come to rest. */
  atRest?(): void;
};

export type CreateChecker = (context: CheckContext) => Checker;
