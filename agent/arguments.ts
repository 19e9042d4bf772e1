// The agent's command line.
import { parseArgs } from 'node:util';
import type { LogLevel } from '../shared/log.js';

export type AgentArguments = {
  readonly poolId: string;
  readonly nodeId: string;
  readonly rootDirectory: string;
  readonly stateDirectory: string;
  /** Tells this boot of the node from others of the same boot of its machine; empty where they are the same. */
  readonly bootName: string;
  readonly accountName: string;
  readonly accountUrl: string;
  /** End the node's tasks, too, when the parent process goes. */
  readonly isEphemeral: boolean;
  readonly logLevel: LogLevel;
};

export const usage =
  'Usage: agent --pool POOL --node NODE --root DIR --state DIR --account-name NAME --account-url URL ' +
  '[--boot NAME] [--ephemeral] [--log-level debug|info|warn|error]\n' +
  'The connection string of the Service Bus namespace stands in BOOKEND_SERVICE_BUS.';

const logLevels = ['debug', 'info', 'warn', 'error'] as const;
const required = ['pool', 'node', 'root', 'state', 'account-name', 'account-url'] as const;

/** Reads the arguments; answers all faults at once. */
export function parseAgentArguments(
  given: readonly string[],
): { readonly arguments: AgentArguments } | { readonly faults: readonly string[] } {
  let values: Record<string, string | boolean | undefined>;
  try {
    values = parseArgs({
      args: [...given],
      options: {
        ...Object.fromEntries([...required, 'log-level', 'boot'].map((name) => [name, { type: 'string' as const }])),
        ephemeral: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    return { faults: [error instanceof Error ? error.message : String(error)] };
  }
  const text = (name: string): string => (typeof values[name] === 'string' ? values[name] : '');
  const faults = required.filter((name) => text(name) === '').map((name) => `--${name} is missing`);
  const logLevel = logLevels.find((level) => level === (text('log-level') || 'info'));
  if (logLevel === undefined) faults.push(`--log-level must be one of ${logLevels.join(', ')}`);
  if (faults.length > 0 || logLevel === undefined) return { faults };
  return {
    arguments: {
      poolId: text('pool'),
      nodeId: text('node'),
      rootDirectory: text('root'),
      stateDirectory: text('state'),
      bootName: text('boot'),
      accountName: text('account-name'),
      accountUrl: text('account-url'),
      isEphemeral: values['ephemeral'] === true,
      logLevel,
    },
  };
}
