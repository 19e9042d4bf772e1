// What `npm start` understands on its command line. Pure: prints nothing and starts nothing.
import { parseArgs } from 'node:util';

export type StartArguments =
  | { readonly kind: 'help' }
  | { readonly kind: 'fault'; readonly message: string }
  | {
      readonly kind: 'start';
      readonly port: number;
      readonly dataDir?: string;
      /** One line of JSON on standard output instead of the greeting. */
      readonly isJson: boolean;
      readonly isVerbose: boolean;
      readonly processPerFunction: boolean;
      /** Numbers of users that tasks run as, `first-last`. */
      readonly taskUsers?: string;
    };

const defaultPort = 7071;

export const startUsage = `Usage: npm start -- [--port N] [--data DIR] [--json] [--verbose] [--process-per-function] [--task-users FIRST-LAST]

  --port N                 port of the Batch endpoint on 127.0.0.1 (default ${defaultPort}; 0 = a free one)
  --data DIR               keep all state in DIR; without it a temporary directory is used and removed at the end
  --json                   print one line {"batchUrl","account","key"} when ready; everything else goes to stderr
  --verbose                log what the parts do, not only what goes wrong
  --process-per-function   run each function in a process of its own, as Azure does
  --task-users FIRST-LAST  run tasks as users of these numbers; only for root, no account is made

A second account key (BatchAccountSecondaryKey), the settings for tokens of Entra ID (docs/authentication.md), and the applications and
images that are listed (docs/lists.md) are taken from the environment.
`;

/** Reads the arguments after the program's name. A fault names the argument and what was expected. */
export function parseStartArguments(given: readonly string[]): StartArguments {
  const values = readOptions(given);
  if ('fault' in values) return { kind: 'fault', message: values.fault };
  if (values.help === true) return { kind: 'help' };
  const port = values.port === undefined ? defaultPort : parsePort(values.port);
  if (port === undefined)
    return { kind: 'fault', message: `--port expects a number from 0 to 65535, not '${values.port}'` };
  if (values.data === '') return { kind: 'fault', message: '--data expects a directory' };
  const taskUsers = values['task-users'];
  if (taskUsers !== undefined && !/^\d{1,10}-\d{1,10}$/.test(taskUsers))
    return { kind: 'fault', message: `--task-users expects a range as in 50000-59999, not '${taskUsers}'` };
  return {
    kind: 'start',
    port,
    ...(values.data === undefined ? {} : { dataDir: values.data }),
    isJson: values.json === true,
    isVerbose: values.verbose === true,
    processPerFunction: values['process-per-function'] === true,
    ...(taskUsers === undefined ? {} : { taskUsers }),
  };
}

function readOptions(given: readonly string[]) {
  try {
    return parseArgs({
      args: [...given],
      strict: true,
      allowPositionals: false,
      options: {
        port: { type: 'string' },
        data: { type: 'string' },
        json: { type: 'boolean' },
        verbose: { type: 'boolean' },
        'process-per-function': { type: 'boolean' },
        'task-users': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

/** A port number, or undefined when `text` is none. */
export function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port <= 65_535 ? port : undefined;
}
