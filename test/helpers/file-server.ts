// A web server for files that come, or do not, in the ways a test asks for by their paths.
import { createServer, type Server, type ServerResponse } from 'node:http';

export type FileServer = {
  /** `/text/<content>` answers 200; `/status/<code>` that code; `/flaky/<times>/<content>` fails so often first; `/large/<bytes>` is that long;
   *  `/held/<content>` comes once it is let go; `/broken` breaks off in the middle; `/accept-later/<name>` answers an upload from its second time on. */
  url(path: string): string;
  /** How often a path was asked for. */
  asked(path: string): number;
  /** Lets the held answers of this path go. */
  letGo(path: string): void;
  stop(): Promise<void>;
};

export async function startFileServer(): Promise<FileServer> {
  const asked = new Map<string, number>();
  const held: Held[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/\?.*$/, '');
    const times = (asked.get(path) ?? 0) + 1;
    asked.set(path, times);
    const hold = (release: () => void): void => void held.push({ path, release });
    answer(response, path.split('/').slice(1).map(decodeURIComponent), times, hold);
  });
  const port = await listen(server);
  return {
    url: (path) => `http://127.0.0.1:${port}${path}?sig=secret`,
    asked: (path) => asked.get(path) ?? 0,
    letGo(path) {
      for (const each of held) if (each.path === path) each.release();
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Held = { readonly path: string; readonly release: () => void };

function answer(
  response: ServerResponse,
  [kind, first = '', rest = '']: string[],
  times: number,
  hold: (release: () => void) => void,
): void {
  switch (kind) {
    case 'text':
      return void response.end(first);
    case 'status':
      return void response.writeHead(Number(first)).end('refused');
    case 'flaky':
      return void (times <= Number(first) ? response.writeHead(503).end() : response.end(rest));
    case 'large':
      return writeLarge(response, Number(first));
    case 'held':
      return void hold(() => response.end(first));
    case 'accept-later':
      return void (times > 1 && response.writeHead(201, { 'x-ms-request-id': '1' }).end());
    case 'broken':
      response.writeHead(200, { 'content-length': '1000' });
      return void response.write('half', () => response.destroy());
    default:
      response.writeHead(404).end();
  }
}

const block = Buffer.alloc(65_536, 'x');

function writeLarge(response: ServerResponse, bytes: number): void {
  let left = bytes;
  const more = (): void => {
    while (left > 0) {
      const part = block.subarray(0, Math.min(left, block.length));
      left -= part.length;
      if (!response.write(part)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
