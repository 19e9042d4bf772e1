// The processes of a virtual machine. Command lines are scripts of their own: `sim 2000 exit=3`, see `readScript`.
// Claims and exit codes of tries are kept on the disk, as the real wrapper does.
import {
  markerNames,
  type Launch,
  type Processes,
  type Signal,
  type Target,
  type TryId,
} from '../../../agent/processes.js';
import type { Timer } from '../../../shared/clock.js';
import type { ProcessFact, RunKind } from '../core/facts.js';
import type { Life } from '../core/life.js';
import type { Sim } from '../core/sim.js';

/** A claim names the boot it was made in; its process may be gone. */
type Claim =
  { readonly holder: 'nobody' } | { readonly holder: 'process'; readonly pid: number; readonly boot: number };

/** On the disk: outlives agents and boots. */
export type TryFiles = {
  readonly claims: Map<string, Claim>;
  readonly exits: Map<string, number>;
  /** How often each command line was started on this image: scripts may fail a number of times. */
  readonly starts: Map<string, number>;
};

export const noTryFiles = (): TryFiles => ({ claims: new Map(), exits: new Map(), starts: new Map() });

type Running = {
  readonly fact: ProcessFact;
  readonly marker: string;
  readonly run: string;
  readonly ignoresTerm: boolean;
  /** A service: outlives the command that left it. */
  readonly isLeftover: boolean;
  end(exitCode: number, how: 'exited' | 'killed' | 'machineDown'): void;
};

type ProcessMachine = {
  readonly table: ProcessTable;
  readonly files: TryFiles;
  /** The node root: text of files by their paths. */
  readonly root: Map<string, string | null>;
  facts(): MachineFacts;
  nextPid(): number;
};

/** The living processes of one boot of one machine. */
export type ProcessTable = Map<number, Running>;

export type MachineFacts = {
  readonly name: string;
  readonly nodeId: string;
  readonly boot: number;
  readonly image: number;
  readonly bootId: string;
  readonly bootedAtMs: number;
};

export type Script = {
  readonly durationMs: number;
  readonly exitCode: number;
  readonly isEndless: boolean;
  readonly ignoresTerm: boolean;
  readonly leavesService: boolean;
  /** How often it fails with code 1 on this image before it goes well. */
  readonly failures: number;
  /** The machine on which it always fails with code 1. */
  readonly failsOn: string | undefined;
  /** The machine on which it takes thirty times as long. */
  readonly slowOn: string | undefined;
  /** A file of its working directory without which it ends at once with code 66. */
  readonly needs: string | undefined;
  /** A file that it leaves in its working directory when it ends by itself. */
  readonly writes: string | undefined;
};

/** `sim 2000 exit=3 hang stubborn leave fails=2 failsOn=vm1 slowOn=vm2 needs=a.txt writes=b.txt`. */
export function readScript(words: readonly string[]): Script {
  const textOf = (name: string): string | undefined =>
    words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const valueOf = (name: string): number => Number(textOf(name) ?? 0);
  return {
    durationMs: Number(words[0] ?? '100'),
    exitCode: valueOf('exit'),
    isEndless: words.includes('hang'),
    ignoresTerm: words.includes('stubborn'),
    leavesService: words.includes('leave'),
    failures: valueOf('fails'),
    failsOn: textOf('failsOn'),
    slowOn: textOf('slowOn'),
    needs: textOf('needs'),
    writes: textOf('writes'),
  };
}

const keyOf = ({ runId, number }: TryId): string => `${runId}/${number}`;

export function createSimProcesses(sim: Sim, machine: ProcessMachine, life: Life): Processes {
  const { table, files } = machine;
  const failed = (): Error => new Error('The operating system refused');
  const call = <T>(method: string, about: () => string, effect: () => T): Promise<T> =>
    sim.call({ life, api: 'processes', method, about, effect, refuse: failed });
  const matching = (targets: readonly Target[]): Running[] =>
    [...table.values()].filter((running) =>
      targets.some((target) => {
        switch (target.kind) {
          case 'run':
            return running.run === target.runId;
          case 'job':
            return running.marker === target.marker;
          case 'node':
            return true;
        }
      }),
    );
  return {
    machine: () =>
      call(
        'machine',
        () => '',
        () => {
          const { bootId, bootedAtMs } = machine.facts();
          return { bootId, uptimeMs: sim.scheduler.nowMs() - bootedAtMs };
        },
      ),
    findProgram: (name) =>
      call(
        'findProgram',
        () => name,
        () =>
          name === 'sim'
            ? ({ outcome: 'found', path: '/bin/sim' } as const)
            : ({ outcome: 'missing', message: 'No such file or directory' } as const),
      ),
    async start(launch) {
      let tell = (): void => undefined;
      const ended = new Promise<void>((resolve) => (tell = resolve));
      await call(
        'start',
        () => keyOf(launch.tryId),
        () =>
          begin(sim, machine, launch, () => {
            if (life.isAlive()) tell();
          }),
      );
      return { outcome: 'started', ended };
    },
    look: (tryId) =>
      call(
        'look',
        () => keyOf(tryId),
        () => {
          const exitCode = files.exits.get(keyOf(tryId));
          if (exitCode !== undefined) return { state: 'exited', exitCode } as const;
          const claim = files.claims.get(keyOf(tryId));
          if (claim === undefined) return { state: 'unclaimed' } as const;
          if (claim.holder === 'nobody') return { state: 'forbidden' } as const;
          const lives = claim.boot === machine.facts().boot && table.has(claim.pid);
          return { state: lives ? 'alive' : 'vanished' } as const;
        },
      ),
    forbid: (tryId) =>
      call(
        'forbid',
        () => keyOf(tryId),
        () => {
          const claim = files.claims.get(keyOf(tryId));
          if (claim !== undefined) return claim.holder === 'nobody';
          files.claims.set(keyOf(tryId), { holder: 'nobody' });
          return true;
        },
      ),
    signal: (targets, signal) =>
      call(
        'signal',
        () => `${signal} ${targets.map((target) => target.kind).join(', ')}`,
        () => {
          const found = matching(targets);
          for (const running of found) deliver(running, signal);
          return found.length;
        },
      ),
    forget: (runId) =>
      call(
        'forget',
        () => runId,
        () => {
          for (const key of [...files.claims.keys()]) if (key.startsWith(`${runId}/`)) files.claims.delete(key);
          for (const key of [...files.exits.keys()]) if (key.startsWith(`${runId}/`)) files.exits.delete(key);
        },
      ),
  };
}

function deliver(running: Running, signal: Signal): void {
  if (signal === 'SIGKILL') running.end(137, 'killed');
  if (signal === 'SIGTERM' && !running.ignoresTerm) running.end(143, 'killed');
}

function begin(sim: Sim, machine: ProcessMachine, launch: Launch, onEnded: () => void): void {
  const { table, files } = machine;
  const key = keyOf(launch.tryId);
  // Somebody claimed it: the wrapper ends at once.
  if (files.claims.has(key)) return void sim.scheduler.after(1, onEnded);
  const { name, nodeId, boot, image } = machine.facts();
  const pid = machine.nextPid();
  const marker = launch.environment[markerNames.job] ?? '';
  // The start task alone is not told an id.
  const taskId = launch.environment['AZ_BATCH_TASK_ID'] ?? 'starttask';
  const fact: ProcessFact = {
    pid,
    machine: name,
    nodeId,
    boot,
    image,
    kind: kindOf(taskId),
    jobId: launch.environment['AZ_BATCH_JOB_ID'] ?? '',
    incarnation: marker.split('/')[0] ?? '',
    taskId,
    runId: launch.tryId.runId,
    tryNumber: launch.tryId.number,
  };
  const script = readScript(launch.arguments);
  const command = `${fact.incarnation}/${taskId}`;
  const starts = (files.starts.get(command) ?? 0) + 1;
  files.starts.set(command, starts);
  const isUnlucky = starts <= script.failures || script.failsOn === name;
  files.claims.set(key, { holder: 'process', pid, boot });
  let timer: Timer | undefined = undefined;
  const end: Running['end'] = (exitCode, how) => {
    if (!table.delete(pid)) return;
    timer?.cancel();
    // SIGKILL takes the wrapper, and the power goes for all at once: nobody records a code.
    if (how !== 'machineDown' && exitCode !== 137) files.exits.set(key, exitCode);
    sim.note(name, { type: 'processEnded', process: fact, exitCode, how });
    onEnded();
  };
  table.set(pid, { fact, marker, run: fact.runId, ignoresTerm: script.ignoresTerm, isLeftover: false, end });
  sim.note(name, { type: 'processStarted', process: fact });
  // What stands there tells who wrote it.
  append(machine.root, launch.stdoutPath, outputOf(fact));
  append(machine.root, launch.stderrPath, '');
  if (script.leavesService) leaveService(sim, table, fact, marker, machine.nextPid());
  const working = launch.workingDirectory.replace(/^.*?workitems/, 'workitems');
  if (script.needs !== undefined && !machine.root.has(`${working}/${script.needs}`))
    return void sim.scheduler.after(1, () => end(66, 'exited'));
  timer = script.isEndless
    ? undefined
    : sim.scheduler.after(script.durationMs * (script.slowOn === name ? 30 : 1), () => {
        if (script.writes !== undefined) machine.root.set(`${working}/${script.writes}`, `written by ${taskId}`);
        end(isUnlucky ? 1 : script.exitCode, 'exited');
      });
}

function append(root: Map<string, string | null>, path: string, text: string): void {
  const place = path.replace(/^\/nodes\/[^/]+\//, '');
  root.set(place, (root.get(place) ?? '') + text);
}

/** What a process writes to its stdout. */
export function outputOf({ runId, tryNumber }: ProcessFact): string {
  return `${runId} try ${tryNumber}\n`;
}

// Found again by its job's marker only.
function leaveService(sim: Sim, table: ProcessTable, fact: ProcessFact, marker: string, pid: number): void {
  const service: Running = {
    fact,
    marker,
    run: fact.runId,
    ignoresTerm: false,
    isLeftover: true,
    end() {
      if (table.delete(pid)) sim.tell(fact.machine, `service ${pid} of ${fact.jobId} ended`);
    },
  };
  table.set(pid, service);
}

/** Simulated jobs call their ends by these names. */
function kindOf(taskId: string): RunKind {
  if (taskId === 'starttask') return 'startTask';
  if (taskId === 'prep') return 'preparation';
  return taskId === 'release' ? 'release' : 'task';
}
