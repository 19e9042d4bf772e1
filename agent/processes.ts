// What the agent asks of the operating system's processes, as an interface: Linux (adapters/linux-processes.ts) and a simulator's.
//
// A *try* is one start of one command line: (runId, number). Whoever starts it must first claim it, which succeeds once in the life of
// the state directory; so a try that is started again after a crash never runs its command a second time, and an agent that wants a try
// never to run claims it for nobody.

import type { RunUser } from './users.js';

export type TryId = { readonly runId: string; readonly number: number };

export type Machine = {
  /** Changes with each boot of the machine. */
  readonly bootId: string;
  /** Milliseconds since that boot, on a clock that all processes share. */
  readonly uptimeMs: number;
};

export type Launch = {
  readonly tryId: TryId;
  /** Absolute path of the program. */
  readonly program: string;
  readonly arguments: readonly string[];
  /** Absolute path; must exist. */
  readonly workingDirectory: string;
  /** All of the environment; nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** Absolute paths; output is appended. */
  readonly stdoutPath: string;
  readonly stderrPath: string;
  /** Absent: the agent's own user. */
  readonly user?: RunUser;
};

/**
 * What became of a try.
 *   unclaimed  nobody has begun it.
 *   alive      its command runs, or is about to.
 *   exited     its command has ended with this code (128 + n for death by signal n).
 *   vanished   it was begun, nothing of it lives, and no code was recorded.
 *   forbidden  it was claimed for nobody: it never ran and never will.
 */
export type TryLook =
  | { readonly state: 'unclaimed' | 'alive' | 'vanished' | 'forbidden' }
  | { readonly state: 'exited'; readonly exitCode: number };

/** Which processes of this node are meant: those of a run, all that a job left, or all. Others on the machine never are. */
export type Target =
  | { readonly kind: 'run'; readonly runId: string; readonly tries: number }
  | { readonly kind: 'job'; readonly marker: string }
  | { readonly kind: 'node' };

export type Signal = 'SIGTERM' | 'SIGKILL' | 'none';

export type ProgramLookup =
  | { readonly outcome: 'found'; readonly path: string }
  | { readonly outcome: 'missing' | 'notExecutable'; readonly message: string };

export type StartOutcome =
  /** Something was started that will claim the try; `ended` resolves when it is gone. */
  | { readonly outcome: 'started'; readonly ended: Promise<void> }
  /** The operating system refused, with its own words. */
  | { readonly outcome: 'refused'; readonly message: string };

/** Names of the environment variables by which processes are found again. */
export const markerNames = { run: 'BOOKEND_RUN_ID', job: 'BOOKEND_JOB', node: 'AZ_BATCH_NODE_ROOT_DIR' } as const;

export type Processes = {
  machine(): Promise<Machine>;
  /** Looks a program up as execvp would: names with '/' relative to `workingDirectory`, others along `searchPath`. */
  findProgram(name: string, searchPath: string, workingDirectory: string): Promise<ProgramLookup>;
  /**
   * Starts a try in a session and process group of its own. If the try was claimed before, the command is not run.
   * Rejects when the machine is short of something just now: the same start may be asked for again.
   */
  start(launch: Launch): Promise<StartOutcome>;
  look(tryId: TryId): Promise<TryLook>;
  /** Claims a try for nobody. True: it never ran and never will. False: somebody had begun it. */
  forbid(tryId: TryId): Promise<boolean>;
  /** Signals every living process of the targets, with descendants that left their group; answers how many were found. */
  signal(targets: readonly Target[], signal: Signal): Promise<number>;
  /** Removes what was kept about the tries of a run. Only after all of them ended: from then on none can be started. */
  forget(runId: string): Promise<void>;
};
