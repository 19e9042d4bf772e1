// The machines of all local pools, brought one by one to what is wanted of them. One change of a machine at a time.
// Knows neither where the wishes come from nor how they are remembered.
import type { Log } from '../../shared/log.js';
import { decideMachine, type MachineFacts } from './capacity-decisions.js';
import { giveJoinKey, startMachine, type AgentProgram, type Machine } from './machine.js';

export type MachineKey = { readonly poolId: string; readonly nodeId: string };

export type Machines = {
  /** Looks again at what is wanted of this machine, after any change of it that is under way. */
  review(machine: MachineKey): void;
  /** The nodes of a pool that have a machine. */
  nodesOf(poolId: string): readonly string[];
  /** Process numbers of the agents that are up, by `pool/node`. */
  processes(): Readonly<Record<string, number>>;
  /** Shuts all machines down; their directories stay. Nothing is started any more. */
  stop(): Promise<void>;
  /** SIGKILL to all agents, without waiting. */
  kill(): void;
};

type Present = MachineKey & { readonly incarnation: string; readonly machine: Machine };

export function createMachines(options: {
  /** What is wanted of the machine at this moment; undefined = it is not wanted. */
  readonly wanted: (machine: MachineKey) => MachineFacts | undefined;
  readonly directoryOf: (machine: MachineKey) => string;
  /** What machines of the pool join with now. */
  readonly joinKeyOf: (poolId: string) => string | undefined;
  readonly agent: AgentProgram;
  readonly log: Log;
}): Machines {
  const { directoryOf, joinKeyOf, agent, log } = options;
  const provideJoinKey = async ({ poolId }: MachineKey, directory: string): Promise<void> => {
    const joinKey = joinKeyOf(poolId);
    if (joinKey !== undefined) await giveJoinKey(directory, joinKey);
  };
  const present = new Map<string, Present>();
  /** The last change of each machine, while there is one. */
  const changing = new Map<string, Promise<void>>();
  let isStopping = false;
  // Looks at the world when its turn comes: what was wanted when it was asked for may have changed.
  const converge = async (key: MachineKey, directory: string): Promise<void> => {
    if (isStopping) return;
    const wanted = options.wanted(key);
    const here = present.get(directory);
    const facts = here && { incarnation: here.incarnation, power: here.machine.power };
    const decision = decideMachine(facts, wanted);
    if (decision === 'nothing') {
      if (here !== undefined) await provideJoinKey(key, directory);
      return;
    }
    const isKept = decision === 'reboot' || decision === 'reimage';
    if (here !== undefined && isKept) {
      await here.machine.stop();
      present.delete(directory);
      log.info('a node was shut down to be started again', { ...key, decision });
    }
    if (here !== undefined && !isKept) {
      await here.machine.remove();
      present.delete(directory);
      log.info('a node was removed', key);
    }
    // Asked to stop during the removal: a machine that is started now would be missed by it.
    if (wanted === undefined || isStopping) return;
    await provideJoinKey(key, directory);
    const machine = await startMachine({ ...key, directory, agent, log, power: wanted.power });
    present.set(directory, { ...key, incarnation: wanted.incarnation, machine });
    log.info('a node was started', key);
  };
  return {
    review(key) {
      const directory = directoryOf(key);
      const before = changing.get(directory) ?? Promise.resolve();
      const change = before
        .then(() => converge(key, directory))
        .catch((error: unknown) => log.error('a node could not be changed', { ...key, error }))
        .finally(() => changing.get(directory) === change && changing.delete(directory));
      changing.set(directory, change);
    },
    nodesOf: (poolId) => [...present.values()].filter((each) => each.poolId === poolId).map((each) => each.nodeId),
    processes: () =>
      Object.fromEntries(
        [...present.values()].flatMap(({ poolId, nodeId, machine }) => {
          const pid = machine.pid();
          return pid === undefined ? [] : [[`${poolId}/${nodeId}`, pid]];
        }),
      ),
    async stop() {
      isStopping = true;
      await Promise.all(changing.values());
      await Promise.all([...present.values()].map(({ machine }) => machine.stop()));
      present.clear();
    },
    kill() {
      isStopping = true;
      present.forEach(({ machine }) => machine.kill());
    },
  };
}
