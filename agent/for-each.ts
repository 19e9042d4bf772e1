// Doing something for many things, a few at a time.

/** Resolves once `act` has for every item; rejects as the first that failed, after those under way have settled: none is begun any more. */
export async function forEach<T>(items: readonly T[], atOnce: number, act: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  let failed: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    for (const item of waiting) {
      if (failed !== undefined) return;
      try {
        await act(item);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
  if (failed !== undefined) throw failed.error;
}
