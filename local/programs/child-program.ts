// One run of one of our own programs as a child process with an IPC channel: started, awaited until ready, stopped.
// Does not restart anything (see supervise-program.ts) and does not know what the program is for.
import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { systemClock } from '../../shared/clock.js';

export type ProgramRun<Ready> = {
  /** Name for messages and logs. */
  readonly name: string;
  /** Path of the compiled entry file. */
  readonly script: string;
  readonly args: readonly string[];
  /** Added to the parent's own environment. Secrets travel here, never in `args`. */
  readonly env: Readonly<Record<string, string>>;
  /** What the program says over IPC once it can be used; a program without it is ready as soon as it runs. */
  readonly ready?: z.ZodType<Ready>;
  readonly readyWithinMs: number;
  /** Told at once of the new process. */
  readonly onSpawned?: (pid: number, ended: Promise<unknown>) => void;
  /** Gives up the start (not a run that is ready) once aborted. */
  readonly signal?: AbortSignal;
  /** Standard output and error are appended to this file; without it they go to the parent's standard error. */
  readonly logFile?: string;
};

export type Child<Ready> = {
  readonly pid: number;
  readonly ready: Ready | undefined;
  /** Resolves, never rejects, with how it ended: `exit code 1`, `signal SIGKILL`. */
  readonly ended: Promise<string>;
  /** SIGTERM, after `graceMs` SIGKILL; resolves once the process is gone. */
  stop(graceMs: number): Promise<void>;
  /** SIGKILL now. */
  kill(): void;
};

const logTailBytes = 2_000;

/** Starts the program and waits until it is ready. Rejects, with the process gone, when it ends before or takes too long. */
export async function startChild<Ready>(run: ProgramRun<Ready>): Promise<Child<Ready>> {
  const output = run.logFile === undefined ? process.stderr.fd : openSync(run.logFile, 'a', 0o600);
  const child = fork(run.script, run.args, {
    env: { ...process.env, ...withoutLocalProxy(process.env), ...run.env },
    execArgv: [],
    stdio: ['ignore', output, output, 'ipc'],
    // Its own process group, so that Ctrl-C in a terminal reaches the parent alone and the parts stop in order.
    detached: true,
  });
  if (run.logFile !== undefined) closeSync(output);
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
    child.once('error', (error) => child.pid === undefined && resolve(error.message));
  });
  // A program that goes away closes its channel first; an error on it says no more than `ended` does.
  child.on('error', () => undefined);
  if (child.pid !== undefined) run.onSpawned?.(child.pid, ended);
  try {
    const ready = await readiness(run, child, ended);
    if (child.pid === undefined) throw new Error(`The program '${run.name}' could not be started`);
    return {
      pid: child.pid,
      ready,
      ended,
      stop: (graceMs) => stopChild(child, ended, graceMs),
      kill: () => void child.kill('SIGKILL'),
    };
  } catch (error) {
    child.kill('SIGKILL');
    await ended;
    throw error;
  }
}

function readiness<Ready>(
  run: ProgramRun<Ready>,
  child: ChildProcess,
  ended: Promise<string>,
): Promise<Ready | undefined> {
  const schema = run.ready;
  if (schema === undefined) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const timer = systemClock.schedule(run.readyWithinMs, () =>
      reject(new Error(`The program '${run.name}' was not ready within ${run.readyWithinMs} ms`)),
    );
    const onAbort = (): void => {
      timer.cancel();
      reject(new Error(`The start of the program '${run.name}' was given up`, { cause: run.signal?.reason }));
    };
    if (run.signal?.aborted === true) return onAbort();
    run.signal?.addEventListener('abort', onAbort, { once: true });
    void ended.then(async (how) => {
      timer.cancel();
      reject(new Error(`The program '${run.name}' ended before it was ready: ${how}${await logTail(run.logFile)}`));
    });
    child.on('message', (message) => {
      const parsed = schema.safeParse(message);
      if (!parsed.success) return;
      timer.cancel();
      run.signal?.removeEventListener('abort', onAbort);
      resolve(parsed.data);
    });
  });
}

async function stopChild(child: ChildProcess, ended: Promise<string>, graceMs: number): Promise<void> {
  child.kill('SIGTERM');
  const timer = systemClock.schedule(graceMs, () => child.kill('SIGKILL'));
  await ended;
  timer.cancel();
}

async function logTail(logFile: string | undefined): Promise<string> {
  if (logFile === undefined) return '';
  const text = await readFile(logFile, 'utf8').catch(() => '');
  return text === '' ? '' : `\n${text.slice(-logTailBytes)}`;
}

/** Everything here talks to 127.0.0.1: a proxy from the caller's environment must not stand in between. */
export function withoutLocalProxy(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const listed = environment['NO_PROXY'] ?? environment['no_proxy'] ?? '';
  const hosts = new Set([...listed.split(',').filter((host) => host !== ''), '127.0.0.1', 'localhost']);
  const value = [...hosts].join(',');
  return { NO_PROXY: value, no_proxy: value };
}
