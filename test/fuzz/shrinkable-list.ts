// Lists of steps. fast-check's own arrays shrink from their front and keep their end; here any part may go, as what failed may be anywhere.
import fc from 'fast-check';
import { withoutSome } from './shrinkable-json.js';

/** Lists of `length` items, which shrink to shorter ones of simpler items, but never to an empty one. */
export function shrinkableList<T>(item: fc.Arbitrary<T>, length: number): fc.Arbitrary<readonly T[]> {
  return new ShrinkableList(item, length);
}

class ShrinkableList<T> extends fc.Arbitrary<readonly T[]> {
  readonly #item: fc.Arbitrary<T>;
  readonly #length: number;

  constructor(item: fc.Arbitrary<T>, length: number) {
    super();
    this.#item = item;
    this.#length = length;
  }

  override generate(random: fc.Random, biasFactor: number | undefined): fc.Value<readonly T[]> {
    return listOf(Array.from({ length: this.#length }, () => this.#item.generate(random, biasFactor)));
  }

  // What was not drawn here has no items that know how to shrink.
  override canShrinkWithoutContext(_value: unknown): _value is readonly T[] {
    return false;
  }

  override shrink(_value: readonly T[], context: unknown): fc.Stream<fc.Value<readonly T[]>> {
    return fc.stream(this.#simpler(context as readonly fc.Value<T>[]));
  }

  *#simpler(items: readonly fc.Value<T>[]): IterableIterator<fc.Value<readonly T[]>> {
    for (const fewer of withoutSome(items)) if (fewer.length > 0) yield listOf(fewer);
    for (const [index, item] of items.entries())
      for (const each of this.#item.shrink(item.value, item.context)) yield listOf(items.with(index, each));
  }
}

const listOf = <T>(items: readonly fc.Value<T>[]): fc.Value<readonly T[]> =>
  new fc.Value(
    items.map(({ value }) => value),
    items,
  );
