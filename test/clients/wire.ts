// A proxy between clients and a stack, which changes nothing and remembers who asked what and how that was answered.
import { createServer, request as askStack, type IncomingMessage } from 'node:http';

export type Exchange = {
  readonly client: ClientName | undefined;
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly status: number;
};
export type ClientName = 'js' | 'python' | 'az';

export type Wire = {
  readonly url: string;
  readonly exchanges: readonly Exchange[];
  stop(): Promise<void>;
};

/** Listens on a free port of this machine for what is meant for `stackUrl`. The Host stays the proxy's, so that links lead back to it. */
export async function startWire(stackUrl: string): Promise<Wire> {
  const exchanges: Exchange[] = [];
  const { hostname, port } = new URL(stackUrl);
  const server = createServer((asked, answer) => {
    const { method = '', url: target = '', rawHeaders } = asked;
    const onward = askStack({ hostname, port, method, path: target, headers: rawHeaders }, (given) => {
      const status = given.statusCode ?? 0;
      answer.writeHead(status, given.statusMessage, given.rawHeaders);
      exchanges.push({ client: clientOf(asked), method, target, status });
      given.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    exchanges,
    stop: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

function clientOf({ headers }: IncomingMessage): ClientName | undefined {
  const agent = headers['user-agent'] ?? '';
  if (agent.includes('@azure/batch')) return 'js';
  // az is made of the same client and says no other name, so the suite in Python says one.
  if (agent.startsWith('python/')) return agent.endsWith(' suite') ? 'python' : 'az';
  return undefined;
}
