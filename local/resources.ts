// What the embedded stack is made of: things with a name that start and stop, composed in order or at once.
// Knows no program and no port.

export type Resource = {
  readonly name: string;
  /** Resolves once the resource can be used; rejects, leaving nothing behind, when it cannot be. */
  start(): Promise<void>;
  /** Resolves once nothing of it is left. Safe to call twice, and on what never started. */
  stop(): Promise<void>;
};

/**
 * One resource out of several: each starts after the one before it is usable; they stop in reverse.
 * When one fails to start, those before it are stopped again.
 */
export function inOrder(name: string, ...parts: readonly Resource[]): Resource {
  const started: Resource[] = [];
  const stop = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (let part = started.pop(); part !== undefined; part = started.pop()) {
      await part.stop().catch((error: unknown) => failures.push(error));
    }
    throwAll(`Not all of '${name}' stopped`, failures);
  };
  return {
    name,
    async start() {
      for (const part of parts) {
        try {
          await part.start();
        } catch (error) {
          // What could not be started is the news; a second fault while going back is not.
          await stop().catch(() => undefined);
          throw error;
        }
        started.push(part);
      }
    },
    stop,
  };
}

/** One resource out of several that do not need each other. When one fails to start, the others are stopped again. */
export function atOnce(name: string, ...parts: readonly Resource[]): Resource {
  const stop = async (): Promise<void> => {
    throwAll(`Not all of '${name}' stopped`, rejections(await Promise.allSettled(parts.map((part) => part.stop()))));
  };
  return {
    name,
    async start() {
      const failures = rejections(await Promise.allSettled(parts.map((part) => part.start())));
      if (failures.length === 0) return;
      await stop().catch(() => undefined);
      throwAll(`Not all of '${name}' started`, failures);
    },
    stop,
  };
}

function rejections(settled: readonly PromiseSettledResult<void>[]): unknown[] {
  return settled.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
}

function throwAll(message: string, failures: readonly unknown[]): void {
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, message);
}
