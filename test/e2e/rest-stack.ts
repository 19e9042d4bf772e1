// The compiled stack as a program, and ways to speak to it: the real client, and raw requests with that client's signature.
import { z } from 'zod';
import type { BatchServiceClient } from '@azure/batch';
import { connect } from '../../samples/job-prep-release/connect.js';
import { allOperations } from '../../shared/api/all-operations.js';
import type { OperationDefinition } from '../../shared/rest/operation-definition.js';
import { startCheckedEndpoint } from '../helpers/checked-endpoint.js';
import { eventually } from '../helpers/eventually.js';
import { allGone, descendantsOf, startProgram } from '../helpers/started-program.js';

export const version = 'api-version=2022-10-01.16.0';

export type Refusal = { readonly statusCode: number; readonly code: string };
export type RawAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The JSON object, or an empty one. */
  readonly body: Readonly<Record<string, unknown>>;
};

export type RestEndpoint = { readonly batchUrl: string; readonly account: string; readonly key: string };

/** Ways to speak to an endpoint. */
export type RestSpeech = {
  readonly batchUrl: string;
  readonly client: BatchServiceClient;
  /** Another client, with another account or key. */
  connectWith(credentials: { account?: string; key?: string }): Promise<BatchServiceClient>;
  /** A request with any body (text goes as it is), signed and sent by the client; `api-version` is added to the target. */
  send(method: string, target: string, body?: unknown, headers?: Record<string, string>): Promise<RawAnswer>;
  /** A request of a stranger, as it is: without a signature. */
  ask(target: string, init?: RequestInit): Promise<Response>;
  /** The pages of a list, by its links. */
  sendAll(target: string): Promise<unknown[][]>;
  /** What the client throws. Fails when it does not. */
  refusalOf(answer: Promise<unknown>): Promise<Refusal>;
};

export type RestStack = RestSpeech & {
  /** Behind a proxy that checks every answer against the description of the API. */
  readonly endpoint: RestEndpoint;
  /** The names of the operations that are meant and have not succeeded yet. */
  unexercised(isMeant: (operation: OperationDefinition) => boolean): string[];
  /** Fails when any answer was not as described. */
  stop(): Promise<void>;
};

const readySchema = z.object({ batchUrl: z.string(), account: z.string(), key: z.string() });
const refusalSchema = z.object({ statusCode: z.number(), code: z.string() });
const objectSchema = z.record(z.string(), z.unknown());
const listSchema = z.object({ value: z.array(z.unknown()), 'odata.nextLink': z.string().optional() });
const methodSchema = z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Starts `npm start`'s program on a free port, with settings of the app beside its own. */
export async function startRestStack(settings: Readonly<Record<string, string>> = {}): Promise<RestStack> {
  const program = startProgram(process.execPath, ['dist/local/start.js', '--json', '--port', '0'], settings);
  const stop = async (): Promise<void> => {
    const below = descendantsOf(program.pid);
    program.process.kill('SIGTERM');
    await program.ended;
    await allGone(below);
  };
  try {
    await eventually('the ready line', () => program.stdout().includes('\n') || ended(program), 60_000);
    if (ended(program)) throw new Error(program.stderr());
    const { endpoint, proxy } = await startCheckedEndpoint(readySchema.parse(JSON.parse(program.stdout())));
    return {
      ...(await speakRest(endpoint)),
      endpoint,
      unexercised: (isMeant) =>
        allOperations
          .filter((operation) => isMeant(operation) && !proxy.succeeded.has(operation.name))
          .map(({ name }) => name),
      async stop() {
        await stop();
        await proxy.stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Speaks to a stack that somebody else started. */
export async function speakRest(endpoint: RestEndpoint): Promise<RestSpeech> {
  const client = await connect(endpoint);
  const { batchUrl } = endpoint;
  return {
    batchUrl,
    client,
    connectWith: (credentials) => connect({ ...endpoint, ...credentials }),
    send: (method, target, body, headers = {}) =>
      sendRaw(client, method, withVersion(`${batchUrl}${target}`), body, headers),
    ask: (target, init) => fetch(`${batchUrl}${target}`, init),
    async sendAll(target) {
      const pages: unknown[][] = [];
      let next: string | undefined = withVersion(`${batchUrl}${target}`);
      while (next !== undefined) {
        const page: z.infer<typeof listSchema> = listSchema.parse((await sendRaw(client, 'GET', next)).body);
        pages.push(page.value);
        next = page['odata.nextLink'];
      }
      return pages;
    },
    refusalOf,
  };
}

function ended({ process: child }: ReturnType<typeof startProgram>): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function withVersion(url: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${version}`;
}

async function sendRaw(
  client: BatchServiceClient,
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<RawAnswer> {
  const answer = await client.sendRequest({
    method: methodSchema.parse(method),
    url,
    headers,
    disableJsonStringifyOnBody: true,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = answer.bodyAsText ?? '';
  const isJson = answer.headers.get('content-type')?.startsWith('application/json;odata') === true && text !== '';
  return {
    status: answer.status,
    headers: answer.headers.rawHeaders(),
    text,
    body: isJson ? objectSchema.parse(JSON.parse(text)) : {},
  };
}

async function refusalOf(answer: Promise<unknown>): Promise<Refusal> {
  const settled = await answer.then(
    (given) => ({ given }),
    (error: unknown) => ({ error }),
  );
  if ('error' in settled) {
    const refusal = refusalSchema.safeParse(settled.error);
    if (refusal.success) return refusal.data;
    throw settled.error;
  }
  throw new Error('It was accepted.', { cause: settled.given });
}
