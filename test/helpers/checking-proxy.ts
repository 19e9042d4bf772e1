// A reverse proxy between clients and a stack that checks every answer, and every request that was accepted, against the description of
// the API, and changes nothing.
import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkAnswer } from './check-answer.js';
import { checkAcceptedRequest } from './check-request.js';

export type CheckingProxy = {
  /** In place of the stack's own URL. */
  readonly url: string;
  /** What was not as described, so far. */
  readonly faults: readonly string[];
  /** The operations that have succeeded, so far. */
  readonly succeeded: ReadonlySet<string>;
  /** Fails when any answer was not as described. */
  stop(): Promise<void>;
};

export async function startCheckingProxy(batchUrl: string): Promise<CheckingProxy> {
  // A connection per request: one that is kept may be closed by the host just when it is used again.
  const agent = new Agent({ keepAlive: false });
  const faults: string[] = [];
  const succeeded = new Set<string>();
  const check: Forwarding['check'] = (asked, question, answer, body) => {
    const { method = '', url = '' } = asked;
    const { statusCode = 0, headers } = answer;
    const checked = checkAnswer(method, url, statusCode, headers, body);
    const isAccepted = checked.operation !== undefined && statusCode < 300;
    if (isAccepted) succeeded.add(checked.operation);
    // Of a collection each item is accepted or refused by itself.
    const isWholly = isAccepted && !body.includes('"clienterror"');
    const asIs = isWholly ? checkAcceptedRequest(method, url, question) : [];
    faults.push(...[...checked.faults, ...asIs].map((fault) => `${method} ${url} ${statusCode}: ${fault}`));
  };
  const server = createServer((asked, answered) => void forward(asked, answered, { batchUrl, agent, check }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    succeeded,
    async stop() {
      server.closeAllConnections();
      server.close();
      agent.destroy();
      if (faults.length > 0) throw new Error(`Not as the description of the API has it:\n${faults.join('\n')}`);
    },
  };
}

type Forwarding = {
  readonly batchUrl: string;
  readonly agent: Agent;
  check(asked: IncomingMessage, question: string, answer: IncomingMessage, body: string): void;
};

async function forward(
  asked: IncomingMessage,
  answered: ServerResponse,
  { batchUrl, agent, check }: Forwarding,
): Promise<void> {
  const { hostname, port } = new URL(batchUrl);
  const { method, url, rawHeaders } = asked;
  const onward = request({ agent, hostname, port, method, path: url, headers: rawHeaders, setHost: false });
  // Whoever goes away takes the other side with it.
  answered.on('close', () => onward.destroy());
  let question = '';
  asked.on('data', (chunk: Buffer) => (question += chunk.toString('latin1')));
  asked.pipe(onward);
  try {
    const [answer] = (await once(onward, 'response')) as [IncomingMessage];
    answered.writeHead(answer.statusCode ?? 0, answer.statusMessage, answer.rawHeaders);
    const isFile = !/^application\/json/.test(answer.headers['content-type'] ?? 'application/json');
    let text = '';
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      if (!isFile) text += chunk.toString('latin1');
      if (!answered.write(chunk)) await once(answered, 'drain');
    }
    // Before the client can go on: what it asks next comes after.
    check(asked, fromLatin1(question), answer, fromLatin1(text));
    answered.end();
  } catch {
    // The stack is gone, or the client: there is no answer to check.
    answered.destroy();
  }
}

// Chunks end in the middle of characters, so they are put together as bytes.
const fromLatin1 = (text: string): string => Buffer.from(text, 'latin1').toString();
