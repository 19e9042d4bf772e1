// What a scenario has at hand: a user's program, the machines, and a look at the tables.
import type { Client } from '../actors/client.js';
import type { Machine } from '../actors/machine.js';
import type { Provisioner } from '../actors/provisioner.js';
import { pauseOf } from '../actors/functions-host.js';
import type { Fact } from '../core/facts.js';
import type { Fate } from '../core/sim.js';
import type { Random } from '../core/random.js';
import type { View } from '../core/view.js';
import type { World } from '../core/world.js';

type IsMeant = (fact: Extract<Fact, { type: 'processStarted' }>) => boolean;

export type Play = {
  readonly world: World;
  readonly client: Client;
  readonly view: View;
  readonly provisioner: Provisioner;
  readonly random: Random;
  pause(ms: number): Promise<void>;
  /** Resolves once `look` holds; looks twice a second. */
  until(what: string, look: () => boolean): Promise<void>;
  /** Resolves with the machine on which the next such process starts; undefined once `isTooLate` says that none will. */
  nextProcess(isMeant: IsMeant, isTooLate?: () => boolean): Promise<Machine | undefined>;
  /** Has a call to the table meet this fate: the next that is meant, after `skipping` others, of whoever handles messages or requests. */
  interfere(
    who: 'handler' | 'request',
    isMeant: (about: string) => boolean,
    fate: Partial<Fate> & { readonly skipping?: number },
  ): void;
  /** What is being waited for, should it never come. */
  waitsFor(): string;
};

export type Scenario = {
  readonly name: string;
  /** One line for a person. */
  readonly about: string;
  /** The user's program, to its end. Faults of its own are part of it. */
  script(play: Play): Promise<void>;
  /** What the end must be like, whatever went wrong on the way: answers what is not. */
  findings(view: View): readonly string[];
  /** One of the ten whose every crash point is tried. */
  readonly isBasic: boolean;
  /** Faults that would make the scenario pointless or its end another. */
  readonly leavesOut?: readonly string[];
};

export function createPlay(world: World, client: Client, view: View, provisioner: Provisioner, random: Random): Play {
  let waits = '';
  const pause = (ms: number): Promise<void> => pauseOf(world, ms);
  return {
    world,
    client,
    view,
    provisioner,
    random,
    pause,
    waitsFor: () => waits,
    async until(what, look) {
      waits = what;
      while (!look()) await pause(500);
      waits = '';
    },
    interfere(who, isMeant, { skipping = 0, ...fate }) {
      const start = who === 'handler' ? 'host-' : 'http-';
      let left = skipping;
      world.sim.interfere(
        ({ api, life, about }) => api === 'table' && life.name.startsWith(start) && isMeant(about()) && (left -= 1) < 0,
        fate,
      );
    },
    nextProcess: (isMeant, isTooLate = () => false) =>
      new Promise((resolve) => {
        let isOver = false;
        const finish = (machine: Machine | undefined): void => {
          isOver = true;
          resolve(machine);
        };
        world.sim.onFact((fact) => {
          if (isOver || fact.type !== 'processStarted' || !isMeant(fact)) return;
          const machine = provisioner.machines().find(({ name }) => name === fact.process.machine);
          if (machine !== undefined) finish(machine);
        });
        const look = (): void => {
          if (isOver) return;
          if (isTooLate()) finish(undefined);
          else world.sim.scheduler.after(1_000, look);
        };
        look();
      }),
  };
}
