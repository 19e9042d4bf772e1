// One question over HTTP: is the broker there? Answered as the official emulator answers it.
import { createServer } from 'node:http';

export type HealthServer = { readonly port: number; stop(): Promise<void> };

/** Serves `GET /health` on `host:port` (0: any free one): 200 while `isHealthy`, 503 otherwise. Rejects without the port. */
export async function serveHealth(
  { host, port }: { host: string; port: number },
  isHealthy: () => boolean,
): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : JSON.stringify(body));
    };
    const path = request.url?.split('?')[0];
    if (path !== '/health') return answer(404, { status: 'not found', message: 'There is only /health.' });
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return answer(405, { status: 'not allowed', message: 'Health is asked for with GET.' });
    }
    if (isHealthy()) answer(200, { status: 'healthy', message: 'Service is healthy.' });
    else answer(503, { status: 'unhealthy', message: 'Service is stopping or failed.' });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => resolve());
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
