// The embedded stack, declared once: Azurite and the broker, then the functions host, then the nodes.
// `npm start`, the sample and the end-to-end tests all start this. Knows the programs by their arguments and what they say when ready.
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../shared/clock.js';
import type { Log, LogLevel } from '../shared/log.js';
import { createAzureBus } from '../shared/queues/azure-bus.js';
import { azuriteAccount, localAccount } from './account.js';
import { openDataDirectory, type DataDirectory } from './data/data-directory.js';
import { loadSecrets, nodesConnection, type Secrets } from './data/secrets.js';
import { startNodePool, type NodePool } from './node-pool/node-pool.js';
import { requireFreePort } from './ports.js';
import {
  agentScript,
  azuriteProgram,
  functionsHostProgram,
  serviceBusProgram,
  type ProgramContext,
} from './programs/programs.js';
import { superviseProgram, type SupervisedProgram, type Supervisor } from './programs/supervise-program.js';
import { atOnce, inOrder, type Resource } from './resources.js';
import { triggerSweep } from './sweep.js';

export type StackOptions = {
  /** Of the Batch endpoint on 127.0.0.1; 0, the default, picks a free one. */
  readonly port?: number;
  /** Keeps all state; without it a temporary directory is used and removed at the end. */
  readonly dataDir?: string;
  /** One process per function, as each scales on its own in Azure: shows that nothing is shared in memory. */
  readonly processPerFunction?: boolean;
  readonly log: Log;
  /** Further settings for the function app, by environment. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where the programs' own log lines go: standard error, or files below the data directory. Default: files. */
  readonly programLogs?: 'stderr' | 'files';
  /** Least level of those lines. Default: warn. */
  readonly programLogLevel?: LogLevel;
  /** Numbers of users that tasks run as, `first-last`, where the stack runs as root; absent: its own user. */
  readonly taskUsers?: string;
  /** Below this much free space the disk of a node is full; absent: the agent's own figure. */
  readonly reservedDiskBytes?: number;
  /** False: nobody provides nodes here, machines join by themselves. Default: true. */
  readonly providesNodes?: boolean;
  /** Told of each part as it is being started. */
  readonly onProgress?: (starting: string) => void;
  /** Gives up the start, stopping what was started; no longer looked at once the stack is up. */
  readonly signal?: AbortSignal;
};

export type Stack = {
  readonly batchUrl: string;
  readonly account: string;
  readonly key: string;
  readonly dataDir: string;
  readonly connectionStrings: { readonly serviceBus: string; readonly storage: string };
  /** Process numbers by name: `azurite`, `service-bus`, `functions-host`, `agent <pool>/<node>`. A part that is down is absent. */
  processes(): Readonly<Record<string, number>>;
  /** Stops everything in reverse, within 10 s; what does not stop is killed. Safe to call twice. */
  stop(): Promise<void>;
  /** Kills everything at once; `stop` still cleans up. */
  kill(): void;
};

/** Starts the whole stack. Rejects, with nothing left behind, with PortTaken, DirectoryInUse or what kept a part from starting. */
export async function startStack(options: StackOptions): Promise<Stack> {
  await requireFreePort(options.port ?? 0);
  const data = await openDataDirectory(options.dataDir);
  try {
    return await startParts(options, data, await loadSecrets(data.path));
  } catch (error) {
    await data.close();
    throw error;
  }
}

async function startParts(options: StackOptions, data: DataDirectory, secrets: Secrets): Promise<Stack> {
  const { log, programLogLevel = 'warn' } = options;
  // The users of tasks have to get through to the node roots; what else stands in the directory is closed.
  if (options.taskUsers !== undefined) await chmod(data.path, 0o711);
  const stopping = new AbortController();
  const context: ProgramContext = {
    data,
    secrets,
    programLogs: options.programLogs ?? 'files',
    signal: options.signal,
    // Messages are hints: whoever came back may have missed some, and the sweep makes up for them.
    onRestarted: () => void sweep(),
  };
  const azurite = supervised(azuriteProgram(context), options);
  const serviceBus = supervised(serviceBusProgram(context), options);
  const storageConnection = (): string => {
    const { tablePort, blobPort } = azurite.ready();
    const endpoint = (port: number): string => `http://127.0.0.1:${port}/${azuriteAccount.name}`;
    return (
      `DefaultEndpointsProtocol=http;AccountName=${azuriteAccount.name};AccountKey=${azuriteAccount.key};` +
      `TableEndpoint=${endpoint(tablePort)};BlobEndpoint=${endpoint(blobPort)};`
    );
  };
  const functionsHost = supervised(
    functionsHostProgram(context, {
      port: options.port ?? 0,
      processPerFunction: options.processPerFunction ?? false,
      settings: () => ({
        BookendLogLevel: programLogLevel,
        ...options.settings,
        ServiceBusConnection: serviceBus.ready().connectionString,
        NodesServiceBusConnection: nodesConnection(serviceBus.ready().port, secrets),
        StorageConnection: storageConnection(),
        AzureWebJobsStorage: storageConnection(),
        BatchAccountName: localAccount.name,
        BatchAccountKey: localAccount.key,
      }),
    }),
    options,
  );
  let nodePool: NodePool | undefined;
  const nodes: Resource = {
    name: 'nodes',
    async start() {
      options.onProgress?.('nodes');
      nodePool = await startNodePool({
        bus: createAzureBus(serviceBus.ready().connectionString, log),
        directory: data.nodes,
        log,
        agent: {
          script: agentScript,
          accountName: localAccount.name,
          url: functionsHost.ready().url,
          logLevel: programLogLevel,
          isEphemeral: !data.isPersistent,
          ...(options.reservedDiskBytes === undefined ? {} : { reservedDiskBytes: options.reservedDiskBytes }),
          ...(options.taskUsers === undefined ? {} : { taskUsers: options.taskUsers }),
          onSpawned: data.residents.enter,
          ...(context.programLogs === 'files' ? { logFile: join(data.logs, 'agents.log') } : {}),
        },
      });
    },
    stop: async () => nodePool?.stop(),
  };
  const sweep = (): Promise<void> =>
    triggerSweep(
      { url: functionsHost.ready().url, key: secrets.hostKey },
      { clock: systemClock, log, signal: stopping.signal },
    );
  const providers = options.providesNodes === false ? [] : [nodes];
  const parts = inOrder('stack', atOnce('services', azurite, serviceBus), functionsHost, ...providers);
  await parts.start();
  void sweep();
  const kill = (): void => {
    stopping.abort(new Error('The stack is being killed'));
    nodePool?.kill();
    [functionsHost, serviceBus, azurite].forEach((part) => part.kill());
  };
  const stopOnce = async (): Promise<void> => {
    stopping.abort(new Error('The stack is being stopped'));
    const tooLong = systemClock.schedule(stopWithinMs, kill);
    try {
      await parts.stop();
    } finally {
      tooLong.cancel();
      await data.close();
    }
  };
  let stopped: Promise<void> | undefined;
  return {
    batchUrl: functionsHost.ready().url.replace(/\/$/, ''),
    account: localAccount.name,
    key: localAccount.key,
    dataDir: data.path,
    connectionStrings: { serviceBus: serviceBus.ready().connectionString, storage: storageConnection() },
    processes() {
      const agents = Object.entries(nodePool?.processes() ?? {}).map(([node, pid]) => [`agent ${node}`, pid] as const);
      const programs = [azurite, serviceBus, functionsHost].flatMap((part) => {
        const pid = part.pid();
        return pid === undefined ? [] : [[part.name, pid] as const];
      });
      return Object.fromEntries([...programs, ...agents]);
    },
    stop: () => (stopped ??= stopOnce()),
    kill,
  };
}

/** Leaves a second of the promised ten for what follows the kill. */
const stopWithinMs = 9_000;

type SupervisedResource<Ready> = Resource & { ready(): Ready; pid(): number | undefined; kill(): void };

function supervised<Ready>(
  program: SupervisedProgram<Ready>,
  { log, onProgress }: Pick<StackOptions, 'log' | 'onProgress'>,
): SupervisedResource<Ready> {
  let supervisor: Supervisor<Ready> | undefined;
  return {
    name: program.name,
    async start() {
      onProgress?.(program.name);
      supervisor = await superviseProgram(program, { log });
    },
    stop: async () => supervisor?.stop(),
    pid: () => supervisor?.pid(),
    kill: () => supervisor?.kill(),
    ready() {
      if (supervisor === undefined) throw new Error(`'${program.name}' was asked about before it was started`);
      return supervisor.ready();
    },
  };
}
