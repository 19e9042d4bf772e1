// Processes of a Linux machine. Claims and exit codes of tries are files in the private state directory, written by the wrapper.
import { spawn } from 'node:child_process';
import { constants, promises as fs } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { RunUser } from '../users.js';
import type { Launch, Machine, Processes, StartOutcome, TryId, TryLook } from '../processes.js';
import { setprivPath } from './check-task-users.js';
import { findProgram } from './find-program.js';
import { readProcess, wasStartedWith, readProcessTable } from './process-table.js';
import { markersOf, signalTargets, type KnownProcess } from './signal-targets.js';
import { tryWrapperScript } from './try-wrapper.js';

const forbiddenClaim = 'forbidden';

/**
 * Processes of the node whose root is `root`: they are known by that path in their environment, besides the marker of their run or job.
 * Keeps its files below `state`, which is made if absent.
 */
export async function createLinuxProcesses({
  root,
  state: stateDirectory,
  bootName = '',
}: {
  readonly root: string;
  readonly state: string;
  /** Tells boots of this node from each other within one boot of the machine. */
  readonly bootName?: string;
}): Promise<Processes> {
  const wrapperPath = join(stateDirectory, 'run-try.sh');
  await fs.mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  await fs.writeFile(`${wrapperPath}.new`, tryWrapperScript, { mode: 0o600 });
  await fs.rename(`${wrapperPath}.new`, wrapperPath);
  const folderOf = (runId: string): string =>
    join(stateDirectory, 'tries', createHash('sha256').update(runId).digest('hex').slice(0, 40));
  const baseOf = ({ runId, number }: TryId): string => join(folderOf(runId), String(number));
  const { bootId } = await readMachine(bootName);
  const readClaim = async (tryId: TryId): Promise<Claim> =>
    parseClaim(await readOrUndefined(`${baseOf(tryId)}.claim`), bootId);
  // What is being ended, from the first look at it until one that finds nothing.
  const known = new Map<string, readonly KnownProcess[]>();

  return {
    machine: () => readMachine(bootName),
    findProgram,
    start: (launch) => start(launch, [wrapperPath, baseOf(launch.tryId), bootId]),
    async look(tryId) {
      const exitPath = `${baseOf(tryId)}.exit`;
      const exited = parseExit(await readOrUndefined(exitPath));
      if (exited !== undefined) return exited;
      const claim = await readClaim(tryId);
      if (claim.state === 'none') return { state: 'unclaimed' };
      if (claim.state === 'forbidden') return { state: 'forbidden' };
      if (claim.state === 'held' && isAlive(claim)) return { state: 'alive' };
      if (claim.state === 'unfinished' && isMarkedAlive(markersOf({ kind: 'run', runId: tryId.runId, tries: 1 }, root)))
        return { state: 'alive' };
      // It may have written its code between the two looks.
      return parseExit(await readOrUndefined(exitPath)) ?? { state: 'vanished' };
    },
    async forbid(tryId) {
      const path = `${baseOf(tryId)}.claim`;
      await fs.mkdir(dirname(path), { recursive: true, mode: 0o700 });
      try {
        await fs.writeFile(path, `${forbiddenClaim}\n`, { flag: 'wx', mode: 0o600 });
        return true;
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
        return (await readClaim(tryId)).state === 'forbidden';
      }
    },
    async signal(targets, signal) {
      const groups = new Map<string, readonly HeldClaim[]>();
      for (const target of targets) {
        if (target.kind !== 'run') continue;
        // What earlier tries left was ended with them.
        const numbers = [target.tries - 2, target.tries - 1].filter((number) => number >= 0);
        const claims = await Promise.all(numbers.map((number) => readClaim({ runId: target.runId, number })));
        groups.set(
          target.runId,
          claims.filter((claim) => claim.state === 'held'),
        );
      }
      const key = JSON.stringify(targets);
      const found = signalTargets(targets, { leaders: groups, found: known.get(key) ?? [], root }, signal);
      if (found.length === 0) known.delete(key);
      else known.set(key, found);
      return found.length;
    },
    forget: (runId) => fs.rm(folderOf(runId), { recursive: true, force: true }),
  };
}

type HeldClaim = { readonly state: 'held'; readonly pid: number; readonly startTicks: number };
type Claim = HeldClaim | { readonly state: 'none' | 'forbidden' | 'unfinished' | 'ofOtherBoot' };

function parseClaim(text: string | undefined, bootId: string): Claim {
  if (text === undefined) return { state: 'none' };
  if (text === `${forbiddenClaim}\n`) return { state: 'forbidden' };
  const held = /^(\d+) (\d+) (\S+)\n$/.exec(text);
  if (held === null) return { state: 'unfinished' };
  // Its pid may be anybody's by now.
  if (held[3] !== bootId) return { state: 'ofOtherBoot' };
  return { state: 'held', pid: Number(held[1]), startTicks: Number(held[2]) };
}

function parseExit(text: string | undefined): TryLook | undefined {
  const code = /^(\d+)\n$/.exec(text ?? '');
  return code === null ? undefined : { state: 'exited', exitCode: Number(code[1]) };
}

function isAlive({ pid, startTicks }: HeldClaim): boolean {
  const row = readProcess(pid);
  return row !== undefined && row.startTicks === startTicks && !row.isZombie;
}

function isMarkedAlive(markers: readonly string[]): boolean {
  return [...readProcessTable().values()].some((row) => !row.isZombie && wasStartedWith(row.pid, [markers]));
}

async function readMachine(bootName: string): Promise<Machine> {
  const kernelBootId = (await fs.readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const bootId = bootName === '' ? kernelBootId : `${kernelBootId}/${bootName}`;
  const uptime = await fs.readFile('/proc/uptime', 'utf8');
  return { bootId, uptimeMs: Number(uptime.split(' ')[0]) * 1000 };
}

async function start(
  launch: Launch,
  wrapper: readonly [path: string, base: string, bootId: string],
): Promise<StartOutcome> {
  const append = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
  const opened: fs.FileHandle[] = [];
  try {
    await fs.mkdir(dirname(wrapper[1]), { recursive: true, mode: 0o700 });
    // Files, not pipes: a pipe would end the command with the agent.
    for (const path of [launch.stdoutPath, launch.stderrPath]) opened.push(await fs.open(path, append, 0o644));
    const [stdout, stderr] = opened;
    const { direct, byName } = splitEnvironment(launch.environment);
    const { user } = launch;
    if (user !== undefined) for (const file of opened) await file.chown(user.uid, user.gid);
    const command = [...asUser(user), ...byName, launch.program, ...launch.arguments];
    const child = spawn('/bin/sh', [...wrapper, user === undefined ? '022' : '002', ...command], {
      cwd: launch.workingDirectory,
      env: direct,
      detached: true,
      stdio: ['ignore', stdout?.fd, stderr?.fd],
    });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const spawned = new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    await spawned;
    return { outcome: 'started', ended };
  } catch (error) {
    if (isPassing(codeOf(error))) throw error;
    return { outcome: 'refused', message: plainMessage(error) };
  } finally {
    for (const file of opened) await file.close();
  }
}

// Only the command becomes the user's: the wrapper keeps claim and exit code where no task can write.
function asUser(user: RunUser | undefined): readonly string[] {
  if (user === undefined) return [];
  const { uid, gid, sharedGid } = user;
  return [setprivPath, `--reuid=${uid}`, `--regid=${gid}`, `--groups=${sharedGid}`, '--'];
}

// The machine is short of something just now: the start is worth another attempt.
function isPassing(code: string | undefined): boolean {
  return ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE', 'EINTR'].includes(code ?? '');
}

const shellsOwn = /^(IFS|OPTIND|PPID|PS[124]|OLDPWD|_)$/;

// A shell drops variables whose names it could not write and resets some of its own; those are set by `env` behind it.
function splitEnvironment(environment: Readonly<Record<string, string>>): {
  readonly direct: Record<string, string>;
  readonly byName: readonly string[];
} {
  const entries = Object.entries(environment);
  const isDirect = ([name]: readonly [string, string]): boolean => /^[A-Za-z_]\w*$/.test(name) && !shellsOwn.test(name);
  const others = entries.filter((entry) => !isDirect(entry)).map(([name, value]) => `${name}=${value}`);
  return {
    direct: Object.fromEntries(entries.filter(isDirect)),
    byName: others.length === 0 ? [] : ['/usr/bin/env', ...others],
  };
}

async function readOrUndefined(path: string): Promise<string | undefined> {
  try {
    return await fs.readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

// Messages of spawn may quote arguments, which can be secrets; the code says enough then.
function plainMessage(error: unknown): string {
  return codeOf(error) ?? 'The operating system refused to start the command';
}
