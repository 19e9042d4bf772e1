// Keeps one of our programs alive: when it ends without being asked, it is started again after a growing wait.
// Decides nothing itself (restart-decisions.ts) and knows no program's meaning.
import { delay, systemClock, type Clock } from '../../shared/clock.js';
import type { Log } from '../../shared/log.js';
import { startChild, type Child, type ProgramRun } from './child-program.js';
import { decideRestart } from './restart-decisions.js';

export type SupervisedProgram<Ready> = Omit<ProgramRun<Ready>, 'args' | 'env'> & {
  /** Arguments of the next run; `previous` is what the run before said when it was ready, so that a port can be kept. */
  readonly args: (previous: Ready | undefined) => readonly string[];
  readonly env: () => Readonly<Record<string, string>>;
  /** How long it may take to stop before it is killed. */
  readonly graceMs: number;
  /** Called after each start that followed an unexpected end. */
  readonly onRestarted?: () => void;
};

export type Supervisor<Ready> = {
  /** What the newest run said when it was ready. Throws before the first one is. */
  ready(): Ready;
  /** Undefined while it is down. */
  pid(): number | undefined;
  /** Stops for good. Safe to call twice. */
  stop(): Promise<void>;
  /** SIGKILL for good, without waiting. */
  kill(): void;
};

/** Starts the program; rejects when its first start fails. From then on it is restarted until `stop`. */
export async function superviseProgram<Ready>(
  program: SupervisedProgram<Ready>,
  { log, clock = systemClock }: { readonly log: Log; readonly clock?: Clock },
): Promise<Supervisor<Ready>> {
  const stopping = new AbortController();
  let last: Ready | undefined;
  let child: Child<Ready> | undefined;
  const startOnce = async (): Promise<Child<Ready>> => {
    const started = await startChild({ ...program, args: program.args(last), env: program.env() });
    last = started.ready ?? last;
    child = started;
    return started;
  };
  const keepAlive = async (first: Child<Ready>): Promise<void> => {
    let current: Child<Ready> | undefined = first;
    let endsInARow = 0;
    let startedMs = clock.monotonicMs();
    while (true) {
      const how: string = current === undefined ? 'a failed start' : await current.ended;
      child = undefined;
      if (stopping.signal.aborted) return;
      const restart = decideRestart({ endsInARow, livedMs: clock.monotonicMs() - startedMs });
      endsInARow = restart.endsInARow;
      log.warn('a program ended unexpectedly and is started again', {
        program: program.name,
        how,
        delayMs: restart.delayMs,
      });
      // Rejects only when it is stopped meanwhile, which the loop looks at next.
      await delay(clock, restart.delayMs, stopping.signal).catch(() => undefined);
      if (stopping.signal.aborted) return;
      startedMs = clock.monotonicMs();
      current = await startOnce().catch((error: unknown) => {
        log.error('a program could not be started again', { program: program.name, error });
        return undefined;
      });
      if (current !== undefined && !stopping.signal.aborted) program.onRestarted?.();
      if (stopping.signal.aborted) await current?.stop(program.graceMs);
    }
  };
  const kept = keepAlive(await startOnce());
  return {
    ready() {
      if (last === undefined) throw new Error(`The program '${program.name}' has not said that it is ready`);
      return last;
    },
    pid: () => child?.pid,
    async stop() {
      stopping.abort(new Error(`The program '${program.name}' is being stopped`));
      await child?.stop(program.graceMs);
      await kept;
    },
    kill() {
      stopping.abort(new Error(`The program '${program.name}' is being killed`));
      child?.kill();
    },
  };
}
