// The agent's command line.
import { parseArgs } from 'node:util';
import type { LogLevel } from '../shared/log.js';
import { defaultReservedDiskBytes } from './disk-watch.js';
import { parseTaskUsers, type TaskUsers } from './users.js';

export type AgentArguments = {
  readonly poolId: string;
  readonly nodeId: string;
  /** What tasks see and the file API serves. */
  readonly rootDirectory: string;
  /** Journal and keys; `<root>.state` unless given. */
  readonly stateDirectory: string;
  /** Tells this boot of the node from others of the same boot of its machine; empty where they are the same. */
  readonly bootName: string;
  /** The controller's. */
  readonly url: string;
  readonly joinKeyFile: string;
  /** The first label of the URL's host unless given, as in Batch's own URLs. */
  readonly accountName: string;
  /** End the node's tasks, too, when the parent process goes. */
  readonly isEphemeral: boolean;
  readonly taskUsers: TaskUsers;
  readonly reservedDiskBytes: number;
  readonly logLevel: LogLevel;
};

export const usage =
  'Usage: agent --url URL --pool POOL --node NODE --root DIR --join-key-file FILE ' +
  '[--state DIR] [--boot NAME] [--account-name NAME] [--task-users self|FIRST-LAST] [--reserved-disk-bytes N] [--ephemeral] [--log-level debug|info|warn|error]';

const logLevels = ['debug', 'info', 'warn', 'error'] as const;
const required = ['url', 'pool', 'node', 'root', 'join-key-file'] as const;
const optional = ['state', 'account-name', 'boot', 'task-users', 'reserved-disk-bytes', 'log-level'] as const;

/** Reads the arguments; answers all faults at once. */
export function parseAgentArguments(
  given: readonly string[],
): { readonly arguments: AgentArguments } | { readonly faults: readonly string[] } {
  let values: Record<string, string | boolean | undefined>;
  try {
    values = parseArgs({
      args: [...given],
      options: {
        ...Object.fromEntries([...required, ...optional].map((name) => [name, { type: 'string' as const }])),
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
  const url = URL.canParse(text('url')) ? new URL(text('url')) : undefined;
  if (text('url') !== '' && !/^https?:$/.test(url?.protocol ?? ''))
    faults.push(`--url must be a URL as in https://account.example, found '${text('url')}'`);
  const reserved = text('reserved-disk-bytes') || String(defaultReservedDiskBytes);
  if (!/^\d{1,15}$/.test(reserved)) faults.push(`--reserved-disk-bytes must be a number of bytes, found '${reserved}'`);
  const taskUsers = parseTaskUsers(text('task-users') || 'self');
  if (taskUsers === undefined)
    faults.push(`--task-users must be self or a range as in 50000-59999, found '${text('task-users')}'`);
  if (faults.length > 0 || logLevel === undefined || taskUsers === undefined) return { faults };
  return {
    arguments: {
      poolId: text('pool'),
      nodeId: text('node'),
      rootDirectory: text('root'),
      stateDirectory: text('state') || `${text('root').replace(/\/+$/, '')}.state`,
      bootName: text('boot'),
      url: text('url'),
      joinKeyFile: text('join-key-file'),
      accountName: text('account-name') || (url?.hostname.split('.')[0] ?? ''),
      taskUsers,
      reservedDiskBytes: Number(reserved),
      isEphemeral: values['ephemeral'] === true,
      logLevel,
    },
  };
}
