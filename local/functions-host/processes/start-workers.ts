// The host as one process per function group: nothing is shared in memory, as in Azure. A worker that ends is started again.
// This process loads no app code; it asks a short-lived one for the list of functions.
import type { Log } from '../../../shared/log.js';
import { startChild } from '../../programs/child-program.js';
import { superviseProgram, type Supervisor } from '../../programs/supervise-program.js';
import { groupFunctions, type FunctionGroup } from './function-groups.js';
import {
  elsewhereVariable,
  hostKeyVariable,
  listedSchema,
  workerReadySchema,
  type WorkerReady,
} from './worker-protocol.js';

export type WorkersOptions = {
  /** The compiled program that each worker runs. */
  readonly script: string;
  readonly appDir: string;
  /** Of the HTTP group; 0 picks a free one. */
  readonly port: number;
  readonly masterKey: string;
  /** Restricts the functions to these. */
  readonly only: readonly string[] | undefined;
  /** The module with the form of the host's own answers. */
  readonly answerFormModule?: string | undefined;
  readonly log: Log;
};
export type Workers = Omit<WorkerReady, 'ready'> & { stop(): Promise<void> };

const readyWithinMs = 60_000;
const graceMs = 3_500;

/** Resolves when every worker is ready; rejects, with all of them stopped, when one cannot be started. */
export async function startWorkers(options: WorkersOptions): Promise<Workers> {
  const { port, only } = options;
  const all = await listFunctions(options);
  const functions = all.filter(({ name }) => only === undefined || only.includes(name));
  const { http, others } = groupFunctions(functions);
  const workers: Supervisor<WorkerReady>[] = [];
  const stop = async (): Promise<void> => void (await Promise.all(workers.map((worker) => worker.stop())));
  const start = async (group: FunctionGroup, workerPort: number, env: Record<string, string> = {}) => {
    const worker = await startWorker(options, group, workerPort, env);
    workers.push(worker);
    return { group, url: worker.ready().url, port: worker.ready().port };
  };
  try {
    const started = await Promise.allSettled(others.map((group) => start(group, 0)));
    const addresses = started.flatMap((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value.group.functions.map((name) => [name, result.value.url]);
    });
    // Last, so that whoever reaches the app over HTTP finds all of it running.
    const front = await start(http, port, { [elsewhereVariable]: JSON.stringify(Object.fromEntries(addresses)) });
    return { url: front.url, port: front.port, functions, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function listFunctions({ script, appDir, masterKey }: WorkersOptions): Promise<WorkerReady['functions']> {
  const lister = await startChild({
    name: 'functions-host list',
    script,
    args: ['--app', appDir, '--list'],
    env: { [hostKeyVariable]: masterKey },
    ready: listedSchema,
    readyWithinMs,
  });
  await lister.stop(graceMs);
  return lister.ready?.functions ?? [];
}

function startWorker(
  { script, appDir, masterKey, answerFormModule, log }: WorkersOptions,
  group: FunctionGroup,
  port: number,
  env: Readonly<Record<string, string>>,
): Promise<Supervisor<WorkerReady>> {
  return superviseProgram(
    {
      name: `functions-host ${group.name}`,
      script,
      args: (previous) => [
        ...['--app', appDir, '--port', String(previous?.port ?? port)],
        ...['--only', group.functions.join(',')],
        ...(answerFormModule === undefined ? [] : ['--answer-form', answerFormModule]),
      ],
      env: () => ({ ...env, [hostKeyVariable]: masterKey }),
      ready: workerReadySchema,
      readyWithinMs,
      graceMs,
    },
    { log },
  );
}
