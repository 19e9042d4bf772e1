// Faults that are not of a call: locks lost, the table throttled, agents killed, machines rebooted, reimaged, cut off, removed, doubled.
import { expireSession } from '../../../local/service-bus/engine/sessions.js';
import type { Machine } from '../actors/machine.js';
import type { Provisioner } from '../actors/provisioner.js';
import { beginningMs } from '../core/scheduler.js';
import type { Random } from '../core/random.js';
import type { Sim } from '../core/sim.js';
import type { World } from '../core/world.js';
import type { Chaos } from './chaos.js';
import type { Profile, WorldFaults } from './profile.js';

type Place = { sim: Sim; world: World; provisioner: Provisioner };
const dayMs = 24 * 3600_000;

/** Spreads the profile's disturbances over the time of faults. Whatever lasts is over when that is. */
export function disturb(place: Place, profile: Profile, chaos: Chaos, random: Random): void {
  const { sim } = place;
  for (const [name, count] of Object.entries(profile.world) as [keyof WorldFaults, number][]) {
    for (let index = 0; index < count; index += 1) {
      sim.scheduler.after(random.int(1_000, profile.chaosMs), () => happen(name, place, profile, chaos, random));
    }
  }
}

function happen(name: keyof WorldFaults, place: Place, profile: Profile, chaos: Chaos, random: Random): void {
  const { sim, provisioner } = place;
  const leftMs = Math.max(1, beginningMs + profile.chaosMs - sim.scheduler.nowMs());
  const lasting = (...choices: readonly [number, ...number[]]): number => Math.min(leftMs, random.pick(choices));
  switch (name) {
    case 'lockLost':
      return loseLock(place, random);
    case 'throttled':
      sim.tellFault('table', 'throttled');
      chaos.setThrottled(true);
      return void sim.scheduler.after(lasting(300, 3_000, 20_000, 90_000), () => chaos.setThrottled(false));
    default:
  }
  const machine = choose(provisioner.machines(), random);
  if (machine === undefined) return;
  const tell = (more = ''): void => sim.tellFault(machine.name, more === '' ? name : `${name}: ${more}`);
  switch (name) {
    case 'agentKilled':
      tell();
      return machine.killAgent();
    case 'rebooted': {
      const isOrderly = random.chance(0.4);
      tell(isOrderly ? 'orderly' : 'power lost');
      return machine.reboot(isOrderly);
    }
    case 'reimaged': {
      const withJournal = random.chance(0.5);
      tell(withJournal ? 'root only' : 'with its journal');
      return machine.reimage(withJournal);
    }
    case 'removed':
      if (present(provisioner).length < 2) return;
      tell();
      return provisioner.destroy(machine);
    case 'silent':
      return silence(place, machine, lasting(5_000, 60_000, 130_000, 1_200_000));
    case 'skewed':
      tell();
      return machine.setSkew(random.int(-dayMs, dayMs));
    case 'twin': {
      tell();
      const twin = provisioner.addTwin(machine);
      return void sim.scheduler.after(lasting(20_000, 200_000, 900_000), () => twin.remove());
    }
  }
}

const present = (provisioner: Provisioner): readonly Machine[] =>
  provisioner.machines().filter((machine) => machine.isUp() && !machine.name.startsWith('twin'));

function choose(machines: readonly Machine[], random: Random): Machine | undefined {
  const up = machines.filter((machine) => machine.isUp());
  return up[random.int(0, up.length - 1)];
}

function loseLock({ sim, world }: Place, random: Random): void {
  const queue = world.broker.queue(random.pick(['job-events', 'job-events', 'node-orders', 'pool-capacity']));
  const held = [...queue.sessions.values()].filter((session) => session.holder !== undefined);
  const session = held[random.int(0, held.length - 1)];
  if (session === undefined) return;
  sim.tellFault('broker', `lock lost: ${session.id} of ${queue.address}`);
  expireSession(queue, session);
}

/** Nothing gets to the machine or from it; the broker takes its session back. */
function silence({ sim, world }: Place, machine: Machine, forMs: number): void {
  sim.tellFault(machine.name, `silent: for ${forMs} ms`);
  machine.setSilent(true);
  const queue = world.broker.queue('node-orders');
  const session = queue.sessions.get(`${machine.poolId}/${machine.nodeId}`);
  if (session?.holder !== undefined) expireSession(queue, session);
  sim.scheduler.after(forMs, () => {
    machine.setSilent(false);
    sim.tell(machine.name, 'can be reached again');
  });
}
