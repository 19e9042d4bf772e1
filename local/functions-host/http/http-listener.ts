// The HTTP front of the host: one server on 127.0.0.1 whose limits no client can exceed or stretch.
// It knows neither routes nor functions; `answer` gets a complete request and gives a complete answer.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Log } from '../../../shared/log.js';
import type { Intake } from '../stop-host.js';
import type { Answer, ReceivedHeaders } from './http-messages.js';
import { readBody } from './read-body.js';
import type { Throttle } from './throttle.js';

export type HttpLimits = {
  readonly maxBodySizeBytes: number;
  readonly maxHeaderSizeBytes: number;
  /** How long the head of a request may take to arrive. */
  readonly headersTimeoutMs: number;
  /** How long a whole request may take to arrive. */
  readonly requestTimeoutMs: number;
  /** How long a connection may stay silent while an answer is awaited or read. */
  readonly silenceTimeoutMs: number;
  /** How long a connection without a request is kept. */
  readonly keepAliveTimeoutMs: number;
};

/** 230 s is how long Azure's front end waits for an answer; the others are this host's. */
export const defaultHttpLimits: HttpLimits = {
  maxBodySizeBytes: 10 * 1024 * 1024,
  maxHeaderSizeBytes: 32 * 1024,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 60_000,
  silenceTimeoutMs: 240_000,
  keepAliveTimeoutMs: 120_000,
};

export type ReceivedRequest = {
  readonly method: string;
  /** The request target exactly as it was received. */
  readonly target: string;
  readonly headers: ReceivedHeaders;
  readonly body: Uint8Array;
};
/** `undecided` routes and refuses by head alone, before a body is read; a function then answers the whole request. */
export type Answerer = (head: Omit<ReceivedRequest, 'body'>) => Answer | ((body: Uint8Array) => Promise<Answer>);

export type HttpListener = Intake & { readonly port: number };

/** An answer without a body. */
export function bodyless(status: number, headers: Answer['headers'] = {}): Answer {
  return { status, headers, body: new Uint8Array() };
}

/** Listens on 127.0.0.1:`port` (0 = any free one). Rejects when the port is taken. */
export async function startHttpListener(options: {
  port: number;
  throttle: Throttle;
  limits: HttpLimits;
  log: Log;
  answer: Answerer;
}): Promise<HttpListener> {
  const { limits, log, throttle } = options;
  let isStopping = false;
  const answering = new Set<Promise<void>>();
  const server = createServer(
    {
      maxHeaderSize: limits.maxHeaderSizeBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs, 2_000),
    },
    (request, response) => {
      const closed = new Promise<void>((resolve) => response.once('close', resolve));
      answering.add(closed);
      void closed.then(() => answering.delete(closed));
      respond(request, response).catch((error: unknown) => {
        log.error('http answer failed', { error });
        response.destroy();
      });
    },
  );
  server.timeout = limits.silenceTimeoutMs;

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that goes away is no fault of the host.
    response.on('error', () => undefined);
    if (isStopping) return write(request, response, bodyless(503, { connection: 'close' }));
    const place = throttle.enter();
    if (place === undefined) return write(request, response, bodyless(429, { 'retry-after': '1' }));
    try {
      const { method = '', url: target = '', headers } = request;
      const decided = options.answer({ method, target, headers });
      if (typeof decided !== 'function') return write(request, response, decided);
      const body = await readBody(request, limits.maxBodySizeBytes);
      if (body.kind === 'aborted') return;
      if (body.kind === 'tooLarge') return write(request, response, bodyless(413));
      await place.turn();
      if (response.destroyed) return;
      write(request, response, await decided(body.bytes));
    } finally {
      place.leave();
    }
  }

  function write(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Answer): void {
    if (response.destroyed) return;
    response.statusCode = status;
    for (const [name, value] of Object.entries(headers)) {
      // Framing is this server's; a function's content-length stands for HEAD only, where there is no body to measure.
      if (!['transfer-encoding', 'content-length'].includes(name.toLowerCase()))
        response.setHeader(name, [value].flat());
    }
    const declared = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-length')?.[1];
    const mayDeclareLength = status !== 204 && status !== 304 && status >= 200;
    if (mayDeclareLength) {
      const useDeclared = request.method === 'HEAD' && body.length === 0 && typeof declared === 'string';
      response.setHeader('content-length', useDeclared ? declared : String(body.length));
    }
    if (isStopping) response.setHeader('connection', 'close');
    response.end(request.method === 'HEAD' || !mayDeclareLength ? undefined : body);
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The HTTP server has no port');
  return {
    port: address.port,
    async stopReceiving() {
      isStopping = true;
      server.close();
      server.closeIdleConnections();
      while (answering.size > 0) await Promise.all(answering);
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
