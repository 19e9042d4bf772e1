// A virtual machine: boots, runs one agent under a supervisor, keeps its processes and its disk; can be rebooted, reimaged, cut off, removed.
import { startAgent, type Agent } from '../../../agent/start-agent.js';
import type { MachineEnd } from '../core/facts.js';
import { createLife, type Life } from '../core/life.js';
import type { World } from '../core/world.js';
import { emptyDisk, type DiskContent } from '../models/sim-disk.js';
import {
  createSimProcesses,
  noTryFiles,
  type MachineFacts,
  type ProcessTable,
  type TryFiles,
} from '../models/sim-processes.js';

export type Machine = {
  readonly name: string;
  readonly nodeId: string;
  readonly poolId: string;
  isUp(): boolean;
  facts(): MachineFacts;
  agentLife(): Life | undefined;
  /** What runs on it. */
  readonly processes: ProcessTable;
  killAgent(): void;
  /** Power off and on again; `isOrderly` lets the agent end its boot itself first. */
  reboot(isOrderly: boolean): void;
  /** As a reboot, with a fresh node root; `withJournal` keeps the agent's private state. */
  reimage(withJournal: boolean): void;
  setSilent(isSilent: boolean): void;
  isSilent(): boolean;
  setSkew(ms: number): void;
  setFreeBytes(bytes: number): void;
  remove(): void;
};

export type MachineOptions = {
  readonly name: string;
  readonly nodeId: string;
  readonly poolId: string;
  joinKey(): string | undefined;
};

export function createMachine(world: World, { name, nodeId, poolId, joinKey }: MachineOptions): Machine {
  const { sim } = world;
  const disk: DiskContent = emptyDisk();
  const files: TryFiles = noTryFiles();
  const processes: ProcessTable = new Map();
  let boot = 0;
  let image = 1;
  let bootId = '';
  let bootedAtMs = sim.scheduler.nowMs();
  let pids = 100;
  let isUp = false;
  let isGone = false;
  let isSilent = false;
  let skewMs = 0;
  let agentStarts = 0;
  let life: Life | undefined;
  let agent: Agent | undefined;
  const facts = (): MachineFacts => ({ name, nodeId, boot, image, bootId, bootedAtMs });
  const node = {
    identity: {
      poolId,
      nodeId,
      rootDirectory: `/nodes/${nodeId}`,
      accountName: 'sim',
      accountUrl: 'https://sim.example',
      userName: 'node',
    },
    disk,
    processes: (of: Life) =>
      createSimProcesses(sim, { table: processes, files, facts, nextPid: () => (pids += 1), root: disk.root }, of),
    skewMs: () => skewMs,
    isSilent: () => isSilent,
    joinKey,
  };

  const startAgentProgram = (): void => {
    if (!isUp || life?.isAlive() === true) return;
    const fresh = createLife(`${name}.${(agentStarts += 1)}`, 'agent');
    life = fresh;
    agent = undefined;
    fresh.onDeath(() => {
      if (life === fresh && isUp) sim.scheduler.after(sim.chaos.int(50, 20_000), startAgentProgram);
    });
    world
      .agentWorldOf(fresh, node)
      .then(startAgent)
      .then(
        (started) => {
          if (life === fresh) agent = started;
          // A shutdown that fails is told to whoever asked for it.
          started.stopped.catch(() => undefined);
        },
        (error: unknown) => {
          sim.tell(fresh.name, `agent did not start: ${error instanceof Error ? error.message : String(error)}`);
          fresh.kill('it did not start');
        },
      );
  };
  const powerOn = (): void => {
    if (isGone || isUp) return;
    isUp = true;
    boot += 1;
    bootId = `boot-${name}-${boot}`;
    bootedAtMs = sim.scheduler.nowMs();
    sim.note(name, { type: 'machineUp', machine: name, nodeId, boot, image });
    startAgentProgram();
  };
  const powerOff = (why: MachineEnd): void => {
    if (!isUp) return;
    isUp = false;
    life?.kill(why);
    sim.note(name, { type: 'machineDown', machine: name, nodeId, why });
    for (const running of [...processes.values()]) running.end(137, 'machineDown');
    processes.clear();
  };
  const restart = (why: MachineEnd, between: () => void): void => {
    if (isGone) return;
    // It is off already, and will boot.
    if (!isUp) return between();
    powerOff(why);
    between();
    sim.scheduler.after(sim.chaos.int(1_000, 60_000), powerOn);
  };
  sim.scheduler.after(sim.random.int(500, 10_000), powerOn);

  return {
    name,
    nodeId,
    poolId,
    processes,
    isUp: () => isUp,
    facts,
    agentLife: () => life,
    killAgent: () => life?.kill('killed'),
    reboot(isOrderly) {
      const go = (): void => restart('reboot', () => undefined);
      if (!isOrderly || agent === undefined || life?.isAlive() !== true) return go();
      // An orderly shutdown has five seconds, then the power goes.
      let isDone = false;
      const once = (): void => {
        if (isDone) return;
        isDone = true;
        go();
      };
      agent.shutdown().then(once, once);
      sim.scheduler.after(5_000, once);
    },
    reimage(withJournal) {
      restart('reimage', () => {
        image += 1;
        disk.root.clear();
        files.starts.clear();
        if (withJournal) return;
        disk.state.clear();
        files.claims.clear();
        files.exits.clear();
      });
    },
    setSilent(silent) {
      isSilent = silent;
    },
    isSilent: () => isSilent,
    setSkew(ms) {
      skewMs = ms;
    },
    setFreeBytes(bytes) {
      disk.freeBytes = bytes;
    },
    remove() {
      isGone = true;
      powerOff('removed');
    },
  };
}
