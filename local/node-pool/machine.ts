// One local compute node: a directory of its own and an agent process that is kept alive in it.
// Does not know why the node is wanted.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../shared/log.js';
import { carryOut } from './machine-power.js';
import type { Power } from './capacity-decisions.js';
import { superviseProgram, type Supervisor } from '../programs/supervise-program.js';
import { powerOff } from './power-off.js';

export type MachineOptions = {
  readonly poolId: string;
  readonly nodeId: string;
  /** Holds `root` (what the file API serves) and `state` (the agent's own). */
  readonly directory: string;
  readonly agent: AgentProgram;
  readonly log: Log;
  /** What it is to have been put through before it starts. */
  readonly power: Power;
};

/** What every agent of a stack is started with. */
export type AgentProgram = {
  readonly script: string;
  readonly accountName: string;
  /** The controller's. */
  readonly url: string;
  readonly logLevel: string;
  /** Numbers of users that tasks run as, `first-last`. */
  readonly taskUsers?: string;
  /** Below this much free space a node's disk is full. */
  readonly reservedDiskBytes?: number;
  /** The agents' tasks end with them, because nobody will come to adopt them. */
  readonly isEphemeral: boolean;
  readonly logFile?: string;
  /** Told of every agent process that is started. */
  readonly onSpawned?: (pid: number, ended: Promise<unknown>) => void;
};

export type Machine = {
  readonly power: Power;
  pid(): number | undefined;
  /** Shuts the node down; its directory stays. */
  stop(): Promise<void>;
  /** Shuts the node down and removes everything of it. */
  remove(): Promise<void>;
  kill(): void;
};

/** Where the machine finds what it joins with: beside the node root, which tasks see. */
const joinKeyPath = (directory: string): string => join(directory, 'join-key');

/** Gives the machine of `directory`, which may not be there yet, the key that it joins with from its next start on. */
export async function giveJoinKey(directory: string, joinKey: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const unfinished = `${joinKeyPath(directory)}.new`;
  await writeFile(unfinished, `${joinKey}\n`, { mode: 0o600 });
  await rename(unfinished, joinKeyPath(directory));
}

/** An agent needs up to 5 s to end its tasks; what it has not ended then is ended by force. */
const agentGraceMs = 5_000;

/**
 * Starts the node's agent, restarting it whenever it ends by itself. Boots and images that the machine has not had are carried out first: an
 * agent that starts in another boot than the one before counts another epoch, and a new image begins with an empty root.
 * Rejects when no process can be started at all.
 */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const { directory, agent, log } = options;
  const root = join(directory, 'root');
  const state = join(directory, 'state');
  await mkdir(root, { recursive: true });
  await mkdir(state, { recursive: true, mode: 0o700 });
  const power = await carryOut(options.power, { directory, root });
  const supervisor: Supervisor<unknown> = await superviseProgram(
    {
      name: `agent ${options.poolId}/${options.nodeId}`,
      script: agent.script,
      args: () => [
        ...['--pool', options.poolId, '--node', options.nodeId, '--root', root, '--state', state],
        ...(power.boots + power.images === 0 ? [] : ['--boot', `${power.boots}.${power.images}`]),
        ...['--url', agent.url, '--join-key-file', joinKeyPath(directory), '--account-name', agent.accountName],
        ...['--log-level', agent.logLevel],
        ...(agent.taskUsers === undefined ? [] : ['--task-users', agent.taskUsers]),
        ...(agent.reservedDiskBytes === undefined ? [] : ['--reserved-disk-bytes', String(agent.reservedDiskBytes)]),
        ...(agent.isEphemeral ? ['--ephemeral'] : []),
      ],
      env: () => ({}),
      readyWithinMs: 0,
      graceMs: agentGraceMs,
      ...(agent.onSpawned === undefined ? {} : { onSpawned: agent.onSpawned }),
      ...(agent.logFile === undefined ? {} : { logFile: agent.logFile }),
    },
    { log },
  );
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    await powerOff(directory);
  };
  return {
    power,
    pid: () => supervisor.pid(),
    stop,
    async remove() {
      await stop();
      await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    },
    kill: () => supervisor.kill(),
  };
}
