// What `npm run bench:operations` understands on its command line. Pure: prints nothing and starts nothing.
import { parseArgs } from 'node:util';

const scenarioNames = ['sample', 'crowd', 'idle'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export type BenchArguments =
  | { readonly kind: 'help' }
  | { readonly kind: 'fault'; readonly message: string }
  | {
      readonly kind: 'run';
      readonly scenarios: readonly ScenarioName[];
      readonly agents: number;
      readonly tasks: number;
      readonly idleNodes: number;
      /** Above the budget is a failure. */
      readonly isCheck: boolean;
      /** Every operation in the breakdown, not only the most frequent. */
      readonly isFull: boolean;
    };

export const benchUsage = `Usage: npm run bench:operations -- [--only sample,crowd,idle] [--agents N] [--tasks N] [--idle-nodes N] [--check] [--full]

  --only a,b       these scenarios (default: all)
  --agents N       simulated nodes of the crowd (default 100)
  --tasks N        its tasks (default 10000)
  --idle-nodes N   nodes of the idle pool (default 4)
  --check          exit with 1 when more was counted than the budget allows
  --full           show the whole breakdown
`;

/** Reads the arguments after the program's name. A fault names the argument and what was expected. */
export function parseBenchArguments(given: readonly string[]): BenchArguments {
  const values = readOptions(given);
  if ('fault' in values) return { kind: 'fault', message: values.fault };
  if (values.help === true) return { kind: 'help' };
  const asked = values.only?.split(',') ?? [...scenarioNames];
  const scenarios = scenarioNames.filter((name) => asked.includes(name));
  if (scenarios.length < asked.length) {
    return { kind: 'fault', message: `--only expects some of ${scenarioNames.join(', ')}` };
  }
  const agents = toCount(values.agents, 100);
  const tasks = toCount(values.tasks, 10_000);
  const idleNodes = toCount(values['idle-nodes'], 4);
  if (agents === undefined || tasks === undefined || idleNodes === undefined) {
    return { kind: 'fault', message: '--agents, --tasks and --idle-nodes expect a number from 1 to 1000000' };
  }
  const { check: isCheck = false, full: isFull = false } = values;
  return { kind: 'run', scenarios, agents, tasks, idleNodes, isCheck, isFull };
}

function readOptions(given: readonly string[]) {
  try {
    return parseArgs({
      args: [...given],
      options: {
        only: { type: 'string' },
        agents: { type: 'string' },
        tasks: { type: 'string' },
        'idle-nodes': { type: 'string' },
        check: { type: 'boolean' },
        full: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

function toCount(text: string | undefined, standard: number): number | undefined {
  if (text === undefined) return standard;
  return /^[1-9]\d{0,6}$/.test(text) && Number(text) <= 1_000_000 ? Number(text) : undefined;
}
