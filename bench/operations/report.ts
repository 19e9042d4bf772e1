// The outcome as text and as a record: counted beside the budget, and where it went. Pure.
import { accountOf, billingOf, budgetOf, perIdleNodeHour, spendingOf, type Account, type Spending } from './budget.js';
import { countedOf, type Counted } from './operation.js';
import type { Phase, ScenarioResult } from './scenario.js';

const billings = ['E', 'S', 'T'] as const;
const billingNames = { E: 'executions', S: 'Service Bus operations', T: 'table requests' } as const;
const accounts: readonly Account[] = ['work', 'pools', 'upkeep', 'reads'];
const shownLines = 25;

export type PhaseRecord = {
  readonly name: string;
  readonly work?: { readonly jobs: number; readonly nodes: number; readonly tasks: number };
  readonly durationMs: number;
  readonly counted: Readonly<Record<Account, Spending>>;
  readonly budget?: Spending;
  /** Of all kinds together, per idle node and hour, beside its budget. */
  readonly perIdleNodeHour?: { readonly counted: number; readonly budget: number };
  readonly isWithinBudget: boolean;
  /** Service Bus operations by the clients' count and by the broker's own. */
  readonly crossCheck?: { readonly clients: number; readonly broker: number };
  /** `E react-to-job-events | node.report task ended` and so on, with its count. */
  readonly breakdown: Readonly<Record<string, number>>;
};

export function toRecord(phase: Phase, { tableHost }: ScenarioResult): PhaseRecord {
  const counted = countedOf(new Map(Object.entries(phase.tally)));
  const ofAccount = (account: Account): Spending =>
    spendingOf(
      counted.filter((each) => accountOf(each) === account),
      tableHost,
    );
  const spent = {
    work: ofAccount('work'),
    pools: ofAccount('pools'),
    upkeep: ofAccount('upkeep'),
    reads: ofAccount('reads'),
    links: ofAccount('links'),
  };
  const budget = phase.work === undefined ? undefined : budgetOf(phase.work, phase.isBulk);
  const idle = phase.nodeHours === undefined ? undefined : idleOf(counted, tableHost, phase.nodeHours);
  const isWithinBudget =
    (budget === undefined || billings.every((billing) => spent.work[billing] <= budget[billing])) &&
    (idle === undefined || idle.counted <= idle.budget);
  return {
    name: phase.name,
    durationMs: phase.durationMs,
    counted: spent,
    isWithinBudget,
    breakdown: breakdownOf(counted, tableHost),
    ...(phase.work === undefined ? {} : { work: phase.work }),
    ...(budget === undefined ? {} : { budget }),
    ...(idle === undefined ? {} : { perIdleNodeHour: idle }),
    ...(phase.broker === undefined ? {} : { crossCheck: crossCheckOf(counted, tableHost, phase.broker) }),
  };
}

/** The phase as lines for a person. */
export function toText(phase: PhaseRecord, isFull: boolean): string {
  const lines = [`${phase.name} (${(phase.durationMs / 1000).toFixed(1)} s)`];
  if (phase.work !== undefined) {
    const { jobs, nodes, tasks } = phase.work;
    lines.push(`  ${jobs} job, ${nodes} nodes prepared and released, ${tasks} tasks`);
  }
  lines.push(`  ${'counted'.padEnd(28)}${accounts.map((account) => account.padStart(9)).join('')}   budget of work`);
  for (const billing of billings) {
    const numbers = accounts.map((account) => String(phase.counted[account][billing]).padStart(9)).join('');
    lines.push(`  ${`${billing}  ${billingNames[billing]}`.padEnd(28)}${numbers}   ${verdict(phase, billing)}`);
  }
  if (phase.perIdleNodeHour !== undefined) {
    const { counted, budget } = phase.perIdleNodeHour;
    lines.push(
      `  ${counted.toFixed(1)} operations per idle node and hour, budget ${budget}: ${word(counted <= budget)}`,
    );
  }
  if (phase.crossCheck !== undefined) {
    const { clients, broker } = phase.crossCheck;
    lines.push(`  Service Bus operations: ${clients} by the clients, ${broker} by the broker's own count`);
  }
  const entries = Object.entries(phase.breakdown);
  const shown = isFull ? entries : entries.slice(0, shownLines);
  lines.push('  where:', ...shown.map(([name, count]) => `  ${String(count).padStart(9)}  ${name}`));
  if (shown.length < entries.length) lines.push(`             … and ${entries.length - shown.length} more (--full)`);
  return `${lines.join('\n')}\n`;
}

function verdict({ counted, budget }: PhaseRecord, billing: keyof Spending): string {
  if (budget === undefined) return '-';
  return `${budget[billing].toFixed(0).padStart(7)} ${word(counted.work[billing] <= budget[billing])}`;
}

function word(isWithin: boolean): string {
  return isWithin ? 'ok' : 'ABOVE';
}

function idleOf(counted: readonly Counted[], tableHost: string, nodeHours: number) {
  const { E, S, T } = spendingOf(counted, tableHost);
  return { counted: (E + S + T) / nodeHours, budget: perIdleNodeHour };
}

function breakdownOf(counted: readonly Counted[], tableHost: string): Record<string, number> {
  const sums = new Map<string, number>();
  for (const each of counted) {
    const billing = billingOf(each, tableHost);
    const name = `${billing ?? '-'} ${[accountOf(each), ...describe(each)].join(' | ')}`;
    if (each.kind !== 'request' || billing !== undefined) sums.set(name, (sums.get(name) ?? 0) + each.count);
  }
  return Object.fromEntries([...sums].sort(([, a], [, b]) => b - a));
}

function describe({ kind, at, what, by }: Counted): readonly string[] {
  switch (kind) {
    case 'execution':
      return [at, what];
    case 'request':
      return [what, by];
    case 'send':
    case 'receive':
    case 'settle':
    case 'renew':
    case 'accept':
    case 'wait':
      return [`${kind} ${at}`, what];
  }
}

// The broker knows neither reads nor pools; all of its operations are compared with all of the clients'.
function crossCheckOf(counted: readonly Counted[], tableHost: string, broker: NonNullable<Phase['broker']>) {
  const { S: clients } = spendingOf(counted, tableHost);
  return { clients, broker: broker.send + broker.receive + broker.settle + broker.renew };
}
