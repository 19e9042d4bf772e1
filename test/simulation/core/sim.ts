// The one gate between the code under test and its world: every call of an interface passes here, takes time, and may meet a fault.
import { createLog, describeError, type Log } from '../../../shared/log.js';
import type { Fact } from './facts.js';
import { createHistory, type History } from './history.js';
import type { Life } from './life.js';
import { createRandom, type Random } from './random.js';
import { createScheduler, type Scheduler } from './scheduler.js';

export type Api = 'http' | 'table' | 'bus' | 'blobs' | 'disk' | 'processes' | 'downloads' | 'transfers';

export type Call<T> = {
  readonly life: Life;
  readonly api: Api;
  readonly method: string;
  /** For the timeline, if somebody reads it. */
  readonly about: () => string;
  readonly effect: () => T;
  /** The error of a call that fails without a word about whether it happened; absent: it cannot fail so. */
  readonly refuse?: () => Error;
  /** Other ways in which the call may go: sent twice, lost on the way, met by another writer … */
  readonly variants?: Readonly<Partial<Record<Variant, () => T>>>;
  /** Nothing gets through just now. */
  readonly isCutOff?: () => boolean;
};

export type Variant = 'duplicated' | 'lost' | 'contended' | 'partial';

/** What becomes of a call. The two delays are on the way there and on the way back. */
export type Fate = {
  readonly kind: 'normal' | 'refused' | 'answerLost' | 'crashBefore' | 'crashAfter' | Variant;
  readonly thereMs: number;
  readonly backMs: number;
  /** Later than calls ordinarily are. */
  readonly isLate?: boolean;
};

export type Faults = {
  /** Decides the fate of the `number`-th call. */
  decide(call: Call<unknown>, number: number): Fate;
};

export type OperationKind = 'S' | 'T' | 'E';

export type Sim = {
  readonly seed: number;
  readonly scheduler: Scheduler;
  /** For what is ordinary: latencies, ids. */
  readonly random: Random;
  readonly ids: Random;
  /** For what goes wrong. */
  readonly chaos: Random;
  readonly history: History;
  readonly counts: Counts;
  call<T>(call: Call<T>): Promise<T>;
  /** Has the next call that is meant meet this fate; the delays come on top of its own. */
  interfere(isMeant: (call: Call<unknown>) => boolean, fate: Partial<Fate>): void;
  /** Tells the checkers and the timeline. */
  note(who: string, fact: Fact): void;
  onFact(listener: (fact: Fact, atMs: number, who: string) => void): void;
  /** A line for the timeline only. */
  tell(who: string, what: string): void;
  /** A fault that is not that of a call: a reboot, a lost lock. */
  tellFault(who: string, what: string): void;
  /** Counts what Azure would bill. */
  bill(kind: OperationKind, count?: number): void;
  logOf(who: string): Log;
};

export type Counts = {
  calls: number;
  facts: number;
  readonly faults: Map<string, number>;
  readonly bill: Record<OperationKind, number>;
};

const never = new Promise<never>(() => undefined);

export function createSim(seed: number, faults: Faults, options: { readonly keepHistory: boolean }): Sim {
  const scheduler = createScheduler();
  const history = createHistory(options.keepHistory);
  const chaos = createRandom(seed, 'chaos');
  const listeners: ((fact: Fact, atMs: number, who: string) => void)[] = [];
  const counts: Counts = { calls: 0, facts: 0, faults: new Map(), bill: { S: 0, T: 0, E: 0 } };
  const intended: { isMeant(call: Call<unknown>): boolean; readonly fate: Partial<Fate> }[] = [];
  const fateOf = (made: Call<unknown>, number: number): Fate => {
    const drawn = faults.decide(made, number);
    const index = intended.findIndex(({ isMeant }) => isMeant(made));
    if (index === -1) return drawn;
    const [{ fate = {} } = {}] = intended.splice(index, 1);
    const { thereMs = 0, backMs = 0 } = fate;
    return { ...drawn, ...fate, thereMs: drawn.thereMs + thereMs, backMs: drawn.backMs + backMs, isLate: true };
  };
  const tell = (who: string, what: string): void => history.add(scheduler.nowMs(), who, what);
  const tellFault = (who: string, what: string): void => {
    const kind = what.split(':')[0] ?? what;
    counts.faults.set(kind, (counts.faults.get(kind) ?? 0) + 1);
    tell(who, `!! ${what}`);
  };

  const call = <T>(made: Call<T>): Promise<T> => {
    const { life } = made;
    if (!life.isAlive()) return never;
    counts.calls += 1;
    const number = counts.calls;
    const what = history.isKept ? `#${number} ${made.api}.${made.method} ${made.about()}` : '';
    const fate = fateOf(made as Call<unknown>, number);
    if (fate.kind === 'crashBefore') {
      tellFault(life.name, `crash before: ${what}`);
      life.kill('crash before a call');
      return never;
    }
    if (fate.isLate === true) tellFault(life.name, `late: ${fate.thereMs} + ${fate.backMs} ms: ${what}`);
    return new Promise<T>((resolve, reject) => {
      const back = (act: () => void): void =>
        void scheduler.after(fate.backMs, () => {
          if (life.isAlive()) act();
        });
      scheduler.after(fate.thereMs, () => {
        // What a dead program had sent may still arrive.
        if (!life.isAlive() && !chaos.chance(0.5)) return;
        const { refuse } = made;
        if (refuse !== undefined && made.isCutOff?.() === true) {
          tell(life.name, `${what} … is cut off`);
          return back(() => reject(refuse()));
        }
        if (refuse !== undefined && fate.kind === 'refused') {
          tellFault(life.name, `refused: ${what}`);
          return back(() => reject(refuse()));
        }
        let settle: () => void;
        try {
          const value = run(made, fate, what);
          settle = () => resolve(value);
        } catch (error) {
          tell(life.name, `${what} → ${error instanceof Error ? `${error.name} ${error.message}` : String(error)}`);
          settle = () => reject(error as Error);
        }
        if (fate.kind === 'crashAfter') {
          tellFault(life.name, `crash after: ${what}`);
          return life.kill('crash after a call');
        }
        if (refuse !== undefined && fate.kind === 'answerLost') {
          tellFault(life.name, `answer lost: ${what}`);
          settle = () => reject(refuse());
        }
        back(settle);
      });
    });
  };

  const run = <T>(made: Call<T>, fate: Fate, what: string): T => {
    const variant = made.variants?.[fate.kind as Variant];
    if (variant === undefined) {
      tell(made.life.name, what);
      return made.effect();
    }
    tellFault(made.life.name, `${fate.kind}: ${what}`);
    return variant();
  };

  const note = (who: string, fact: Fact): void => {
    counts.facts += 1;
    if (history.isKept && fact.type !== 'committed') tell(who, `** ${describeFact(fact)}`);
    for (const listener of listeners) listener(fact, scheduler.nowMs(), who);
  };
  return {
    seed,
    scheduler,
    random: createRandom(seed, 'timing'),
    ids: createRandom(seed, 'ids'),
    chaos,
    history,
    counts,
    call,
    interfere: (isMeant, fate) => void intended.push({ isMeant, fate }),
    note,
    onFact: (listener) => void listeners.push(listener),
    tell,
    tellFault,
    bill(kind, count = 1) {
      counts.bill[kind] += count;
    },
    logOf: (who) =>
      createLog((level, message, fields) => {
        if (history.isKept) tell(who, `${level}: ${message} ${describeFields(fields)}`);
        if (level === 'warn' || level === 'error') note(who, { type: 'logged', who, level, message });
      }, 'info'),
  };
}

function describeFact(fact: Fact): string {
  switch (fact.type) {
    case 'accepted':
      return `accepted ${JSON.stringify(fact.operation)}`;
    case 'processStarted':
    case 'processEnded': {
      const { kind, jobId, taskId, runId, tryNumber, machine, pid } = fact.process;
      const end = fact.type === 'processEnded' ? `ended (${fact.how} ${fact.exitCode})` : 'started';
      return `${kind} ${jobId}/${taskId} ${end} on ${machine} as ${pid}, run ${runId.slice(0, 8)} try ${tryNumber}`;
    }
    default: {
      const { type, ...rest } = fact;
      return `${type} ${JSON.stringify(rest)}`;
    }
  }
}

function describeFields(fields: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(fields).map(([name, value]) => [
    name,
    value instanceof Error ? firstLines(describeError(value)) : value,
  ]);
  return JSON.stringify(Object.fromEntries(shown));
}

// A stack's paths differ from machine to machine, and a history must not.
function firstLines(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('at '))
    .join(' ')
    .slice(0, 300);
}
