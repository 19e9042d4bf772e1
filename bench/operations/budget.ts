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

/** What a scenario with this work may spend. `inBulk`: its passes are full. */
export function budgetOf({ jobs, nodes, tasks }: Work, inBulk: boolean): Spending {
  const of = (kind: keyof Spending): number => jobs * perJob[kind] + nodes * perNode[kind] + tasks * perTask[kind];
  const tableRequests = inBulk ? jobs * perJob.T + nodes * perNode.T + tasks * tableRequestsPerTaskInBulk : of('T');
  return { E: of('E'), S: of('S'), T: tableRequests };
}

/** What the budget counts of `counted`; `tableHost` is the host and port of the table service. */
export function spendingOf(counted: readonly Counted[], tableHost: string): Spending {
  const sum = (kind: keyof Spending): number =>
    counted
      .filter((each) => !each.isApart && budgetKindOf(each, tableHost) === kind)
      .reduce((total, { count }) => total + count, 0);
  return { E: sum('E'), S: sum('S'), T: sum('T') };
}

/** Under which head of the budget an operation falls; undefined: under none. */
export function budgetKindOf({ kind, at }: Counted, tableHost: string): keyof Spending | undefined {
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
