// What may be spent and what was: executions (E), Service Bus operations (S) and table requests (T). Pure.
import type { Counted } from './operation.js';

export type Spending = { readonly E: number; readonly S: number; readonly T: number };
export type Work = { readonly jobs: number; readonly nodes: number; readonly tasks: number };

const perJob: Spending = { E: 3, S: 9, T: 12 };
/** Prepared and released. */
const perNode: Spending = { E: 4, S: 12, T: 8 };
/** On one-slot nodes. */
const perTask: Spending = { E: 1, S: 6, T: 4 };
/** Table requests per task where passes are about 100 messages each. */
const tableRequestsPerTaskInBulk = 0.2;
/** Of all kinds together. */
export const perIdleNodeHour = 60;

/** What may be spent on this work. `isBulk`: its passes are full. */
export function budgetOf({ jobs, nodes, tasks }: Work, isBulk: boolean): Spending {
  const of = (kind: keyof Spending, task: number): number => jobs * perJob[kind] + nodes * perNode[kind] + tasks * task;
  return {
    E: of('E', perTask.E),
    S: of('S', perTask.S),
    T: of('T', isBulk ? tableRequestsPerTaskInBulk : perTask.T),
  };
}

/**
 * On whose account an operation is. The budget is for jobs, nodes and tasks, so apart from it are: reads = HTTP reads and files asked of
 * nodes; pools = adding and deleting pools, and nodes that join; upkeep = the sweep and wake-ups; links = opening and waiting on a link, which moves no message.
 */
export type Account = 'work' | 'reads' | 'pools' | 'upkeep' | 'links';

const poolCauses = ['add-pool', 'delete-pool', 'join-node', 'hint.pool-added', 'hint.pool-deleting', 'pool.capacity'];
const upkeepCauses = [
  'sweep',
  'sweep-every-pool',
  'sweep < timer',
  'sweep-every-pool < timer',
  'hint.sweep',
  'hint.wake-up',
];

export function accountOf({ kind, at, what, by, isApart }: Counted): Account {
  if (isApart) return 'reads';
  if (kind === 'accept' || kind === 'wait') return 'links';
  // The message itself, the function itself, or what was done by a function for the sake of these messages alone.
  const causes = [what, ...(kind === 'execution' ? [at] : []), by, by.split(' < ')[1] ?? ''];
  const isDueTo = (those: readonly string[]): boolean =>
    causes.some((cause) => cause !== '' && cause.split('; ').every((each) => those.includes(each)));
  if (isDueTo(poolCauses)) return 'pools';
  return isDueTo(upkeepCauses) ? 'upkeep' : 'work';
}

/** What was spent; `tableHost` is the host and port of the table service. */
export function spendingOf(counted: readonly Counted[], tableHost: string): Spending {
  const sum = (wanted: keyof Spending): number =>
    counted.filter((each) => billingOf(each, tableHost) === wanted).reduce((total, { count }) => total + count, 0);
  return { E: sum('E'), S: sum('S'), T: sum('T') };
}

/** As what an operation is billed; undefined: as none of these. */
export function billingOf({ kind, at }: Counted, tableHost: string): keyof Spending | undefined {
  switch (kind) {
    case 'send':
    case 'receive':
    case 'settle':
    case 'renew':
      return 'S';
    case 'execution':
      return 'E';
    case 'request':
      return at === tableHost ? 'T' : undefined;
    case 'accept':
    case 'wait':
      return undefined;
  }
}
