// The compiled app as a process of its own behind a socket, on Azurite and the broker. Only its HTTP functions run: nothing moves but what
// requests move, so that the whole state can be compared before and after each.
import { request as httpRequest } from 'node:http';
import { fileURLToPath } from 'node:url';
import { odata, TableClient } from '@azure/data-tables';
import { z } from 'zod';
import { startServiceBus } from '../../local/service-bus/index.js';
import type { Answer } from '../../local/functions-host/http/http-messages.js';
import { jobListPartition } from '../../shared/jobs/job-rows.js';
import { startAzurite } from '../helpers/azurite.js';
import { eventually } from '../helpers/eventually.js';
import { startProgram } from '../helpers/started-program.js';
import { operationsOf, type AppOperation } from './app-operations.js';
import { bytesOf, signFuzzRequest, type Account, type FuzzRequest } from './fuzz-request.js';

export type HttpApp = {
  readonly account: Account;
  readonly operations: readonly AppOperation[];
  send(request: FuzzRequest): Promise<Answer>;
  /** A line for each row, and for how many messages wait in each queue. */
  state(): Promise<readonly string[]>;
  isAlive(): boolean;
  /** All that the process has logged so far. */
  log(): string;
  stop(): Promise<void>;
};

const account: Account = { name: 'fuzzed', key: Buffer.from('the key that no log may show').toString('base64') };
const patienceMs = 45_000;
const functionSchema = z.object({
  name: z.string(),
  bindings: z.array(z.looseObject({ name: z.string(), type: z.string(), direction: z.string() })),
});
const listSchema = z.object({ functions: z.array(functionSchema.or(z.string())) });
const readySchema = z.object({ url: z.string(), functions: z.array(functionSchema) });
const main = 'dist/local/functions-host/main.js';
const form = 'dist/local/batch-answers.js';

export async function startHttpApp(): Promise<HttpApp> {
  const azurite = await startAzurite();
  const config = fileURLToPath(new URL('../../local/service-bus/Config.json', import.meta.url));
  const broker = await startServiceBus({ config, keyName: 'RootManageSharedAccessKey', key: 'a-key-for-tests' });
  const environment = {
    ServiceBusConnection: broker.connectionString,
    NodesServiceBusConnection: broker.connectionString,
    StorageConnection: azurite.connectionString,
    AzureWebJobsStorage: azurite.connectionString,
    BatchAccountName: account.name,
    BatchAccountKey: account.key,
    BookendLogLevel: 'debug',
  };
  const list = startProgram(process.execPath, [main, '--list'], environment);
  await list.ended;
  const http = listSchema
    .parse(JSON.parse(list.stdout()))
    .functions.flatMap((one) => (typeof one !== 'string' && one.bindings.some(isHttp) ? [one.name] : []));
  const program = startProgram(process.execPath, [main, '--answer-form', form, '--only', http.join(',')], environment);
  await eventually(
    'the ready line',
    () => program.stdout().includes('\n') || program.process.exitCode !== null,
    60_000,
  );
  if (program.process.exitCode !== null) throw new Error(program.stderr());
  const { url, functions } = readySchema.parse(JSON.parse(program.stdout()));
  const table = TableClient.fromConnectionString(azurite.connectionString, 'bookend', {
    allowInsecureConnection: true,
  });
  return {
    account,
    operations: operationsOf(functions),
    send: (request) => sendOver(url, request, signFuzzRequest(request, account, new Date())),
    async state() {
      const lines: string[] = [];
      const filter = odata`PartitionKey ne ''`;
      // Writing anew what is there gives it another time and tag, which is no change.
      for await (const entity of table.listEntities({ queryOptions: { filter } })) {
        const names = Object.keys(entity).filter((name) => name !== 'timestamp' && name !== 'etag');
        // Whoever reads the list of jobs may leave notes in it, of what the heads say anyway: docs/decisions/0019.
        const keys = ['partitionKey', 'rowKey'];
        lines.push(JSON.stringify(entity, entity.partitionKey === jobListPartition ? keys : names.sort()));
      }
      for (const [queue, counts] of Object.entries(broker.control.counts()))
        lines.push(`${queue} ${JSON.stringify(counts)}`);
      return lines;
    },
    isAlive: () => program.process.exitCode === null && program.process.signalCode === null,
    log: program.stderr,
    async stop() {
      program.process.kill('SIGTERM');
      await program.ended;
      await broker.stop();
      await azurite.stop();
    },
  };
}

const isHttp = ({ type }: { readonly type: string }): boolean => type === 'httpTrigger';

/** One request over a connection of its own, with its target as it stands; only what this client cannot write is escaped. */
function sendOver(url: string, request: FuzzRequest, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const path = request.target.replace(/[^\x21-\x7e]+/gu, (text) => encodeURIComponent(text));
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ hostname, port, path, method: request.method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: z.record(z.string(), z.string().or(z.array(z.string()))).parse(response.headers),
          body: Buffer.concat(chunks),
        }),
      );
    });
    sent.setTimeout(patienceMs, () => sent.destroy(new Error(`No answer to ${request.method} ${path.slice(0, 300)}`)));
    sent.on('error', reject);
    sent.end(bytesOf(request.body));
  });
}
