// Operations behind a real socket, called as the Functions host calls them: for tests that look at the wrapper and need no host.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import functions, { type HttpRequest, type HttpResponseInit } from '@azure/functions';
import { z } from 'zod';
import type { Operation } from '../../shared/rest/operation.js';

/** Named groups of `path` are the route values. */
export type Route = readonly [method: string, path: RegExp, run: Operation];

export type OperationServer = { readonly url: string; close(): Promise<void> };

/** Listens on a free port of this machine. A request that no route matches breaks its connection. */
export async function startOperationServer(routes: readonly Route[]): Promise<OperationServer> {
  const server = createServer((incoming, outgoing) => {
    void answer(routes, incoming).then(
      ({ status = 200, headers, body }) =>
        outgoing.writeHead(status, z.record(z.string(), z.string()).parse(headers)).end(body),
      (error: unknown) => outgoing.destroy(error instanceof Error ? error : undefined),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(routes: readonly Route[], incoming: IncomingMessage): Promise<HttpResponseInit> {
  const { method = 'GET', url: target = '/' } = incoming;
  const rawPath = target.split('?')[0] ?? '';
  for (const [routeMethod, path, run] of routes) {
    const found = routeMethod === method ? path.exec(rawPath) : null;
    if (found) return run(await toHttpRequest(incoming, found.groups ?? {}), new functions.InvocationContext());
  }
  throw new Error(`No route for ${method} ${target}.`);
}

async function toHttpRequest(incoming: IncomingMessage, params: Record<string, string>): Promise<HttpRequest> {
  return new functions.HttpRequest({
    method: z.enum(['GET', 'POST', 'DELETE', 'HEAD', 'PATCH', 'PUT']).parse(incoming.method),
    url: `http://${incoming.headers.host}${incoming.url}`,
    headers: z.record(z.string(), z.string()).parse(incoming.headers),
    params: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, decodeURIComponent(value)])),
    body: { bytes: await buffer(incoming) },
  });
}
