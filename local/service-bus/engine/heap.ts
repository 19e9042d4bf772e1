// A binary heap whose members may die inside it: the dead are skipped when they surface, and swept out once they are
// the majority, so that memory follows the living.

export type Heap<T> = {
  push(item: T): void;
  /** The least living item, left in place. */
  peek(): T | undefined;
  /** The least living item, taken out. */
  pop(): T | undefined;
  /** Says that a member just died. */
  noteDead(): void;
  /** Living and dead together. */
  size(): number;
};

export function createHeap<T>(isBefore: (a: T, b: T) => boolean, isAlive: (item: T) => boolean): Heap<T> {
  let items: T[] = [];
  let dead = 0;

  const siftUp = (from: number): void => {
    const item = items[from]!;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(item, items[parent]!)) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  };
  const siftDown = (from: number): void => {
    const item = items[from]!;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && isBefore(items[child + 1]!, items[child]!)) child++;
      if (!isBefore(items[child]!, item)) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = item;
  };
  const removeFirst = (): void => {
    const last = items.pop()!;
    if (items.length === 0) return;
    items[0] = last;
    siftDown(0);
  };
  const peek = (): T | undefined => {
    while (items.length > 0 && !isAlive(items[0]!)) {
      removeFirst();
      dead = Math.max(0, dead - 1);
    }
    return items[0];
  };

  return {
    push(item) {
      items.push(item);
      siftUp(items.length - 1);
    },
    peek,
    pop() {
      const first = peek();
      if (first !== undefined) removeFirst();
      return first;
    },
    noteDead() {
      dead++;
      if (dead < 64 || dead * 2 < items.length) return;
      items = items.filter(isAlive);
      dead = 0;
      for (let at = (items.length >> 1) - 1; at >= 0; at--) siftDown(at);
    },
    size: () => items.length,
  };
}
