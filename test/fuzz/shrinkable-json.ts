// Whatever JSON an arbitrary draws, shrunk as the JSON that it is: properties and items go, texts and numbers become smaller. So a body
// that was made from an example, a schema and some damage shrinks to what matters of it, whichever of them that came from.
import fc from 'fast-check';

/** Draws what `source` draws. Each step of shrinking is strictly smaller, so it comes to an end. */
export function shrinkableJson(source: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return new ShrinkableJson(source);
}

class ShrinkableJson extends fc.Arbitrary<unknown> {
  readonly #source: fc.Arbitrary<unknown>;

  constructor(source: fc.Arbitrary<unknown>) {
    super();
    this.#source = source;
  }

  override generate(random: fc.Random, biasFactor: number | undefined): fc.Value<unknown> {
    return new fc.Value(this.#source.generate(random, biasFactor).value, undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is unknown {
    return value !== undefined;
  }

  override shrink(value: unknown): fc.Stream<fc.Value<unknown>> {
    return fc.stream(simpler(value)).map((each) => new fc.Value(each, undefined));
  }
}

/** Values that are simpler than `value`, those that leave out most first. */
export function* simpler(value: unknown): IterableIterator<unknown> {
  if (typeof value === 'string') yield* shorter(value);
  else if (typeof value === 'number') yield* smaller(value);
  else if (Array.isArray(value)) yield* simplerLists(value);
  else if (typeof value === 'object' && value !== null) yield* simplerObjects(Object.entries(value));
}

function* simplerLists(items: readonly unknown[]): IterableIterator<unknown> {
  yield* withoutSome(items);
  for (const [index, item] of items.entries()) for (const each of simpler(item)) yield items.with(index, each);
}

// As JSON.parse makes them: a property of the name __proto__, not another prototype.
function* simplerObjects(entries: readonly (readonly [string, unknown])[]): IterableIterator<unknown> {
  for (const fewer of withoutSome(entries)) yield Object.fromEntries(fewer);
  for (const [index, [name, item]] of entries.entries())
    for (const each of simpler(item)) yield Object.fromEntries(entries.with(index, [name, each]));
}

/** The list without all, a half, a quarter … and each one of its items. */
export function* withoutSome<T>(items: readonly T[]): IterableIterator<T[]> {
  for (let size = items.length; size > 0; size = Math.floor(size / 2))
    for (let from = items.length; from > 0; from -= size) yield items.toSpliced(Math.max(0, from - size), size);
}

// Towards the least by halves of what is left, so that a bound in the middle is found in few steps.
function* shorter(text: string): IterableIterator<string> {
  for (const length of smaller(text.length)) yield text.slice(0, length);
  if (text.length > 1) yield text.slice(Math.floor(text.length / 2));
}

function* smaller(number: number): IterableIterator<number> {
  for (let less = number; Math.abs(less) >= 1; less = Math.trunc(less / 2)) {
    const each = number - less;
    if (Math.abs(each) < Math.abs(number)) yield each;
  }
  if (number !== 0 && Math.abs(number) < 1) yield 0;
}
