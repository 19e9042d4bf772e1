// The provisioner: the local one's own loop and decisions, over virtual machines.
import {
  decideCapacity,
  decideMachine,
  wantedMachine,
  type MachineFacts,
  type PoolRecord,
} from '../../../local/node-pool/capacity-decisions.js';
import { receiveCapacity } from '../../../local/node-pool/receive-capacity.js';
import { createLife } from '../core/life.js';
import { clockOn } from '../core/scheduler.js';
import type { World } from '../core/world.js';
import { createSimBus } from '../models/sim-bus.js';
import { createMachine, type Machine } from './machine.js';

export type Provisioner = {
  /** Every machine there is, in the order of their making; also twins and such as the pool no longer wants. */
  machines(): readonly Machine[];
  /** A second machine that gives itself the id of `machine`'s node. */
  addTwin(machine: Machine): Machine;
  /** Lets a machine vanish, whatever is wanted. */
  destroy(machine: Machine): void;
};

export function startProvisioner(world: World): Provisioner {
  const { sim } = world;
  const records = new Map<string, PoolRecord>();
  const present = new Map<string, { readonly facts: MachineFacts; readonly machine: Machine }>();
  const machines: Machine[] = [];
  const destroyed = new Set<string>();
  const life = createLife('provisioner', 'provisioner');
  const make = (poolId: string, nodeId: string, label: string): Machine => {
    const machine = createMachine(world, {
      name: `${label}${machines.length + 1}`,
      nodeId,
      poolId,
      joinKey: () => records.get(poolId)?.joinKey,
    });
    machines.push(machine);
    return machine;
  };
  const review = (poolId: string, nodeId: string): void => {
    const key = `${poolId}/${nodeId}`;
    const wanted = wantedMachine(records.get(poolId), nodeId);
    const here = present.get(key);
    const decision = decideMachine(here?.facts, wanted);
    if (decision === 'nothing') return;
    if (here !== undefined && wanted !== undefined && (decision === 'reboot' || decision === 'reimage')) {
      if (decision === 'reboot') here.machine.reboot(true);
      else here.machine.reimage(true);
      present.set(key, { ...here, facts: wanted });
      return;
    }
    here?.machine.remove();
    present.delete(key);
    if (wanted === undefined || destroyed.has(key)) return;
    present.set(key, { facts: wanted, machine: make(poolId, nodeId, 'vm') });
  };
  void receiveCapacity(
    (wanted, asOf) => {
      const { poolId } = wanted;
      const known = records.get(poolId);
      const decision = decideCapacity(known, wanted, asOf);
      if (decision.kind === 'ignore') return Promise.resolve();
      records.set(poolId, decision.record);
      for (const nodeId of new Set([...(known?.nodeIds ?? []), ...decision.record.nodeIds])) review(poolId, nodeId);
      return Promise.resolve();
    },
    {
      bus: createSimBus(sim, world.broker, life),
      clock: clockOn(sim.scheduler),
      log: sim.logOf('provisioner'),
      signal: new AbortController().signal,
    },
  );
  return {
    machines: () => machines,
    addTwin: (machine) => make(machine.poolId, machine.nodeId, 'twin'),
    destroy(machine) {
      destroyed.add(`${machine.poolId}/${machine.nodeId}`);
      machine.remove();
    },
  };
}
