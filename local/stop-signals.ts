// SIGINT and SIGTERM for a program that owns a stack: the first asks it to stop, a second one says that it takes too long.
// Knows nothing of what is stopped.

export type StopSignals = {
  /** Aborted by the first signal. */
  readonly stop: AbortSignal;
  /** Resolves with the first signal. */
  readonly asked: Promise<void>;
  /** Calls back on every further signal. */
  onImpatience(hurry: () => void): void;
  /** Gives the signals back to their defaults. */
  release(): void;
};

/** One Ctrl-C below npm arrives twice: from the terminal, and passed on by npm. */
const sameKeyPressMs = 500;

/** Takes over both signals (and SIGHUP: a closed terminal) until `release`. */
export function onStopSignals(): StopSignals {
  const controller = new AbortController();
  let hurry: () => void = () => undefined;
  let firstMs = 0;
  const handle = (): void => {
    if (!controller.signal.aborted) {
      firstMs = performance.now();
      controller.abort(new Error('A signal asked to stop'));
    } else if (performance.now() - firstMs >= sameKeyPressMs) hurry();
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  names.forEach((name) => process.on(name, handle));
  // Nobody may be reading any more; that is no reason to leave the parts behind.
  const ignore = (): void => undefined;
  process.stdout.on('error', ignore);
  process.stderr.on('error', ignore);
  return {
    stop: controller.signal,
    asked: new Promise((resolve) => controller.signal.addEventListener('abort', () => resolve(), { once: true })),
    onImpatience(callback) {
      hurry = callback;
    },
    release() {
      names.forEach((name) => process.off(name, handle));
    },
  };
}
