// How each program of the stack is started: its script, arguments, secrets and what it says when ready.
// Knows neither the order they start in nor what they are for.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { DataDirectory } from '../data/data-directory.js';
import type { Secrets } from '../data/secrets.js';
import type { SupervisedProgram } from './supervise-program.js';

export type ProgramContext = {
  readonly data: DataDirectory;
  readonly secrets: Secrets;
  readonly programLogs: 'stderr' | 'files';
  /** Gives up a first start that is under way. */
  readonly signal: AbortSignal | undefined;
  readonly onRestarted: () => void;
};

/** The folder with `package.json`: what the functions host is given as its app. */
const projectDirectory = findProject(fileURLToPath(new URL('.', import.meta.url)));
/** Always the compiled program, also when the stack is started from the sources, as tests do. */
const compiled = (path: string): string => join(projectDirectory, 'dist', path);

/** The program that runs on each node; the node pool starts it. */
export const agentScript = compiled('agent/main.js');

const readyWithinMs = 60_000;

const azuriteReady = z.object({ ready: z.literal(true), tablePort: z.int(), blobPort: z.int() });
const serviceBusReady = z.object({ ready: z.literal(true), connectionString: z.string(), port: z.int() });
const functionsHostReady = z.object({ ready: z.literal(true), url: z.string(), port: z.int() });

/** Tables and blobs; on the disk when the stack's data is to survive. Restarted on its ports, where it finds what it had saved. */
export function azuriteProgram(context: ProgramContext): SupervisedProgram<z.infer<typeof azuriteReady>> {
  return {
    ...common('azurite', 'local/azurite/main.js', context),
    args: (previous) => [
      ...['--table-port', String(previous?.tablePort ?? 0), '--blob-port', String(previous?.blobPort ?? 0)],
      ...(context.data.isPersistent ? ['--location', context.data.azurite] : []),
    ],
    env: () => ({}),
    ready: azuriteReady,
    graceMs: 3_000,
  };
}

/** The broker; with a journal on the disk when the stack's data is to survive. */
export function serviceBusProgram(context: ProgramContext): SupervisedProgram<z.infer<typeof serviceBusReady>> {
  return {
    ...common('service-bus', 'local/service-bus/main.js', context),
    args: (previous) => [
      ...['--port', String(previous?.port ?? 0)],
      ...['--config', join(projectDirectory, 'local/service-bus/Config.json'), '--keys', context.secrets.nodesKeyFile],
      ...(context.data.isPersistent ? ['--data', context.data.serviceBus] : []),
    ],
    env: () => ({
      BOOKEND_SERVICE_BUS_KEY: context.secrets.serviceBusKey,
      BOOKEND_SERVICE_BUS_KEY_NAME: 'RootManageSharedAccessKey',
    }),
    ready: serviceBusReady,
    graceMs: 1_500,
  };
}

/** The functions host with the compiled app. */
export function functionsHostProgram(
  context: ProgramContext,
  options: {
    readonly port: number;
    readonly processPerFunction: boolean;
    readonly settings: () => Readonly<Record<string, string>>;
  },
): SupervisedProgram<z.infer<typeof functionsHostReady>> {
  return {
    ...common('functions-host', 'local/functions-host/main.js', context),
    args: (previous) => [
      ...['--app', projectDirectory, '--port', String(previous?.port ?? options.port)],
      ...['--answer-form', compiled('local/batch-answers.js')],
      ...(options.processPerFunction ? ['--process-per-function'] : []),
    ],
    env: () => ({ ...options.settings(), BOOKEND_HOST_KEY: context.secrets.hostKey }),
    ready: functionsHostReady,
    graceMs: 3_000,
  };
}

function common(name: string, script: string, { data, programLogs, signal, onRestarted }: ProgramContext) {
  return {
    name,
    script: compiled(script),
    readyWithinMs,
    onRestarted,
    onSpawned: data.residents.enter,
    ...(signal === undefined ? {} : { signal }),
    ...(programLogs === 'files' ? { logFile: join(data.logs, `${name}.log`) } : {}),
  };
}

function findProject(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  if (dirname(directory) === directory)
    throw new Error('The stack stands in no project: there is no package.json above it');
  return findProject(dirname(directory));
}
