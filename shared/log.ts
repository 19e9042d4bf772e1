// Structured log lines on stderr: a constant message in the past tense, variables as fields named as in REST.
// Never pass secrets or command lines.

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

export type Log = {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose lines all carry `fields`. */
  with(fields: LogFields): Log;
};

type Sink = (level: LogLevel, message: string, fields: LogFields) => void;

const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** A log that hands every line of `minimumLevel` or above to `sink`. */
export function createLog(sink: Sink, minimumLevel: LogLevel = 'info', bound: LogFields = {}): Log {
  const write =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (order.indexOf(level) >= order.indexOf(minimumLevel)) sink(level, message, { ...bound, ...fields });
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    with: (fields) => createLog(sink, minimumLevel, { ...bound, ...fields }),
  };
}

/** One JSON object a line on stderr, so that stdout stays free for a program's own answer. */
export function stderrLog(minimumLevel: LogLevel = 'info', bound: LogFields = {}): Log {
  return createLog(
    (level, message, fields) => {
      const line = { time: new Date().toISOString(), level, message, ...describeErrors(fields) };
      process.stderr.write(`${JSON.stringify(line)}\n`);
    },
    minimumLevel,
    bound,
  );
}

/** A log that says nothing, for tests that look at the world instead. */
export const silentLog: Log = createLog(() => undefined, 'error');

function describeErrors(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? describeError(value) : value]),
  );
}

/** An error as text with its chain of causes: what a log line or a dead-letter row keeps of it. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : ` (cause: ${describeError(error.cause)})`;
  return `${error.stack ?? `${error.name}: ${error.message}`}${cause}`;
}
