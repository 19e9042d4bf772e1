// A program that runs: a function instance, an agent, the provisioner. Once dead, its timers do not fire and its calls are never answered.

export type LifeKind = 'controller' | 'agent' | 'provisioner';

export type Life = {
  readonly name: string;
  readonly kind: LifeKind;
  isAlive(): boolean;
  /** Ends it between two steps, as SIGKILL would. Whoever watches is told once. */
  kill(why: string): void;
  /** Calls back when it is killed; at once if it was. */
  onDeath(callback: (why: string) => void): void;
};

export function createLife(name: string, kind: LifeKind): Life {
  let died: string | undefined;
  const watchers: ((why: string) => void)[] = [];
  return {
    name,
    kind,
    isAlive: () => died === undefined,
    kill(why) {
      if (died !== undefined) return;
      died = why;
      for (const watcher of watchers.splice(0)) watcher(why);
    },
    onDeath(callback) {
      if (died === undefined) watchers.push(callback);
      else callback(died);
    },
  };
}
