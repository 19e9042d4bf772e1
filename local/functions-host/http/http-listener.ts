// The HTTP front of the host: one server on 127.0.0.1 whose limits no client can exceed or stretch.
// It knows neither routes nor functions; `answer` gets a complete request and gives a complete answer.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Log } from '../../../shared/log.js';
import type { Intake } from '../stop-host.js';
import { createBodyBudget } from './body-budget.js';
import { addressOf, createConnections } from './connections.js';
import type { HttpLimits } from './http-limits.js';
import type { Answer, ReceivedHeaders } from './http-messages.js';
import { createPipelines } from './pipelines.js';
import { declaresMoreThan, readBody } from './read-body.js';
import { refusalOfClientError, type AnswerForm, type Refusal } from './refusals.js';
import type { Throttle } from './throttle.js';
import { createUnreadAnswers } from './unread-answers.js';
import { writeAnswer, writeRawAnswer } from './write-answer.js';

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
  form: AnswerForm;
  log: Log;
  answer: Answerer;
}): Promise<HttpListener> {
  const { limits, form, log, throttle } = options;
  const unread = createUnreadAnswers(limits.maxUnreadAnswerBytes);
  const connections = createConnections(limits.maxConnections);
  const pipelines = createPipelines(limits.maxPipelinedRequests);
  const budget = createBodyBudget(limits.maxHeldBodyBytes);
  /** The last exchange of each connection. */
  const last = new WeakMap<Duplex, { readonly request: IncomingMessage; readonly response: ServerResponse }>();
  const refused = new WeakSet<Duplex>();
  let isStopping = false;
  const answering = new Set<Promise<void>>();
  const server = createServer({
    maxHeaderSize: limits.maxHeaderSizeBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs, 2_000),
  });
  server.timeout = limits.silenceTimeoutMs;
  server.on('connection', (socket) => {
    // One for each request that is pipelined there.
    socket.setMaxListeners(0);
    connections.admit(socket);
  });
  server.on('request', (request, response) => take(request, response, () => undefined));
  server.on('checkContinue', (request, response) => take(request, response, () => response.writeContinue()));
  server.on('checkExpectation', (request, response) => write(request, response, form.refuse('badExpectation')));
  server.on('connect', (_request, socket) => writeRawAnswer(socket, form.refuse('noFunction'), form));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const refusal = refusalOfClientError(error.code);
    // More of the same may follow until the client has read that it was refused.
    if (refused.has(socket)) return;
    refused.add(socket);
    if (refusal === undefined) return void socket.destroy();
    refuseRest(socket, refusal);
  });

  // Refuses what comes on a connection and is no request, or will be none: after the answers that are owed there, and never within one.
  function refuseRest(socket: Duplex, refusal: Refusal): void {
    const exchange = last.get(socket);
    const refuse = (): void => writeRawAnswer(socket, form.refuse(refusal), form);
    if (exchange === undefined) return refuse();
    const { request, response } = exchange;
    if (!request.complete) return response.headersSent ? void socket.destroy() : refuse();
    if (response.writableFinished) return refuse();
    response.once('finish', refuse);
  }

  function take(request: IncomingMessage, response: ServerResponse, goOn: () => void): void {
    const { socket } = request;
    // A response that waits behind another has no connection yet: it would not hear that this one closes.
    const closed = new Promise<void>((resolve) => {
      socket.once('close', resolve);
      response.once('close', () => {
        socket.off('close', resolve);
        resolve();
      });
    });
    answering.add(closed);
    void closed.then(() => answering.delete(closed));
    last.set(socket, { request, response });
    // A client that goes away is no fault of the host.
    response.on('error', () => undefined);
    respond(request, response, goOn).catch((error: unknown) => {
      log.error('http answer failed', { error });
      response.destroy();
    });
  }

  async function respond(request: IncomingMessage, response: ServerResponse, goOn: () => void): Promise<void> {
    const refuse = (refusal: Refusal): void => write(request, response, form.refuse(refusal));
    const { method = '', url: target = '', headers } = request;
    if (isStopping) return refuse('stopping');
    if (target.length > limits.maxTargetLength) return refuse('targetTooLong');
    const decided = options.answer({ method, target, headers });
    if (typeof decided !== 'function') return write(request, response, decided);
    if (declaresMoreThan(request, limits.maxBodySizeBytes)) {
      request.resume();
      return refuse('bodyTooLarge');
    }
    const queued = pipelines.enter(request.socket);
    if (queued === undefined) return refuse('tooMany');
    const account = budget.open();
    try {
      await queued.turn;
      // Its client left while it waited.
      if (request.destroyed || response.destroyed) return;
      goOn();
      const body = await readBody(request, limits.maxBodySizeBytes, account);
      if (body.kind === 'aborted') return;
      if (body.kind !== 'complete') return refuse(body.kind === 'tooLarge' ? 'bodyTooLarge' : 'tooMany');
      await run(request, response, () => decided(body.bytes));
    } finally {
      account.close();
      queued.leave();
    }
  }

  // Only a whole request takes a place: one that trickles in keeps none from another.
  async function run(request: IncomingMessage, response: ServerResponse, call: () => Promise<Answer>): Promise<void> {
    const place = throttle.enter(addressOf(request.socket));
    if (place === undefined) return write(request, response, form.refuse('tooMany'));
    const release = connections.hold(request.socket);
    try {
      const mayRun = await place.turn();
      if (response.destroyed) return;
      if (!mayRun) return write(request, response, form.refuse('tooMany'));
      const answer = await call();
      // Of a client that has left meanwhile nobody would hear that it has read its answer.
      if (response.destroyed) return;
      write(request, response, unread.keep(answer.body.length, response) ? answer : form.refuse('tooMany'));
    } finally {
      place.leave();
      release();
    }
  }

  function write(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
    writeAnswer(request, response, answer, { form, isLast: isStopping });
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
