// The command line of the broker as a program, its keys and where they come from.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { allRights, type AccessKey } from './nodes/sas.js';
import { parseJsonWithComments } from './json-with-comments.js';
import type { ServiceBusOptions } from './index.js';

const keySetting = 'BOOKEND_SERVICE_BUS_KEY';
const keyNameSetting = 'BOOKEND_SERVICE_BUS_KEY_NAME';
// Everybody knows this one: it stands in the official emulator's documentation.
const emulatorKey = 'SAS_KEY_VALUE';
const loopback = ['127.0.0.1', 'localhost', '::1'];

export type MainOptions = {
  readonly bus: Omit<ServiceBusOptions, 'log' | 'onFailure'>;
  /** Undefined: health is not served. */
  readonly httpPort: number | undefined;
  readonly host: string;
};

/** What `--help` prints. */
export const usage = `A local Azure Service Bus, for @azure/service-bus and other AMQP 1.0 clients.

  --config FILE      queues and topics, in the format of the official emulator's Config.json
  --port N           AMQP; 0, the default, picks a free one
  --http-port N      serves GET /health; 0 picks a free port
  --data DIR         keeps messages there across restarts; without it they live in memory
  --sync             with --data: what is acknowledged survives a power cut, too
  --compact-at N     with --data: bytes from which on the journal is written anew (64 MiB)
  --keys FILE        more keys: {"Keys": [{"Name": "…", "Key": "…", "Rights": ["Listen", "Send", "Manage"]}]}
  --host H           what to listen on; 127.0.0.1 by default
  --idle-links N     detaches links that were not used for N seconds, as the real service does after 600
  --emulator-key     takes the official emulator's well-known key when ${keySetting} is not set
  --help             prints this

${keySetting} and ${keyNameSetting} set the key with all rights.
`;

/**
 * Reads the arguments of the process; undefined when only help is asked for. Throws, naming the option or setting, where
 * one is missing or wrong.
 */
export function readOptions(environment: NodeJS.ProcessEnv): MainOptions | undefined {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      'http-port': { type: 'string' },
      host: { type: 'string' },
      config: { type: 'string' },
      data: { type: 'string' },
      keys: { type: 'string' },
      sync: { type: 'boolean' },
      'compact-at': { type: 'string' },
      'idle-links': { type: 'string' },
      'emulator-key': { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return undefined;
  const fromHere = (path: string): string => resolve(startDirectory(environment), path);
  const host = values.host ?? '127.0.0.1';
  if (values.config === undefined) throw new Error('--config: the path of a queue definition file is needed');
  const key = readKey(environment, values['emulator-key'] === true);
  if (key === emulatorKey && !loopback.includes(host)) {
    throw new Error(`--host: '${host}' may be reached by others, who know the emulator's key; set ${keySetting}`);
  }
  const { 'idle-links': idleLinks, 'compact-at': compactAt } = values;
  const bus = {
    port: readPort('--port', values.port ?? '0'),
    host,
    config: fromHere(values.config),
    key,
    keyName: environment[keyNameSetting] ?? 'RootManageSharedAccessKey',
    ...(values.keys === undefined ? {} : { moreKeys: readKeys(fromHere(values.keys)) }),
    isSynced: values.sync === true,
    ...(idleLinks === undefined
      ? {}
      : { idleLinkTimeoutMs: 1000 * readPositive('--idle-links', idleLinks, 'seconds') }),
    ...(compactAt === undefined ? {} : { compactAtBytes: readPositive('--compact-at', compactAt, 'bytes') }),
    ...(values.data === undefined ? {} : { dataDir: fromHere(values.data) }),
  };
  const httpPort = values['http-port'];
  return { bus, host, httpPort: httpPort === undefined ? undefined : readPort('--http-port', httpPort) };
}

// npm runs a script in its package's directory; whoever typed the paths may stand elsewhere.
function startDirectory({ npm_lifecycle_event: script, INIT_CWD: typedIn }: NodeJS.ProcessEnv): string {
  return script === 'service-bus' && typedIn !== undefined ? typedIn : process.cwd();
}

function readPort(option: string, text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535 && text !== '') return port;
  throw new Error(`${option}: '${text}' is no port`);
}

function readPositive(option: string, text: string, unit: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`${option}: '${text}' is no number of ${unit}`);
}

function readKey(environment: NodeJS.ProcessEnv, mayBeEmulatorKey: boolean): string {
  const key = environment[keySetting];
  if (key !== undefined && key !== '') return key;
  if (mayBeEmulatorKey) return emulatorKey;
  throw new Error(`${keySetting}: the shared access key is needed`);
}

const keysSchema = z.strictObject({
  Keys: z.array(
    z.strictObject({ Name: z.string().min(1), Key: z.string().min(1), Rights: z.array(z.enum(allRights)).min(1) }),
  ),
});

// In a file of their own, as the command line can be seen by everybody on the machine.
function readKeys(path: string): AccessKey[] {
  const parsed = keysSchema.safeParse(parseJsonWithComments(readFileSync(path, 'utf8')));
  if (!parsed.success) throw new Error(`--keys: '${path}' is wrong: ${z.prettifyError(parsed.error)}`);
  return parsed.data.Keys.map(({ Name, Key, Rights }) => ({ keyName: Name, key: Key, rights: Rights }));
}
