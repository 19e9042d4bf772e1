// The child's side of being owned: a program of the stack ends when it is told to or when its parent is gone.
// Knows no program.

/**
 * Calls `stop` once, on SIGTERM, SIGINT or when the IPC channel to the parent closes (also because the parent was killed).
 * The process then ends by itself as soon as nothing of it is left; after `withinMs` it is ended.
 */
export function stopWithParent(stop: () => Promise<void>, withinMs: number): void {
  let asked = false;
  const once = (): void => {
    if (asked) return;
    asked = true;
    setTimeout(() => process.exit(1), withinMs).unref();
    stop().then(
      () => process.connected && process.disconnect(),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', once);
  process.on('SIGINT', once);
  if (process.send !== undefined) process.on('disconnect', once);
}

/** Tells the parent, or standard output when there is none, that the program can be used. */
export function sayReady(ready: Readonly<Record<string, unknown>>): void {
  if (process.send === undefined) process.stdout.write(`${JSON.stringify(ready)}\n`);
  else process.send(ready);
}
