// The end of every switch over a closed union.

/** Fails to compile when a case is missing; throws, naming the value, should one arrive all the same. */
export function unreachable(value: never): never {
  throw new Error(`A value outside its closed set was found: ${JSON.stringify(value)}`);
}
