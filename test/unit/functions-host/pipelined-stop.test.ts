// A host that stops while a client has requests behind the one that is served, over a real socket.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { defaultHttpLimits } from '../../../local/functions-host/http/http-limits.js';
import { startHttpListener, type HttpListener } from '../../../local/functions-host/http/http-listener.js';
import { plainForm } from '../../../local/functions-host/http/refusals.js';
import { createThrottle } from '../../../local/functions-host/http/throttle.js';
import { silentLog } from '../../../shared/log.js';
import { eventually } from '../../helpers/eventually.js';

type Given = {
  readonly listener: HttpListener;
  readonly client: Socket;
  /** Lets the function answer. */
  readonly answer: () => void;
};
const given: { current?: Given } = {};

afterEach(async () => {
  given.current?.answer();
  given.current?.client.destroy();
  await given.current?.listener.close();
});

/** A client whose first request is with the function, and whose others have come. */
async function givenRequests(count: number): Promise<Given> {
  let answer = (): void => undefined;
  const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
  const seen = { heads: 0, calls: 0 };
  const listener = await startHttpListener({
    port: 0,
    throttle: createThrottle({ maxOutstandingRequests: 100, maxConcurrentRequests: 100 }),
    limits: defaultHttpLimits,
    ...{ form: plainForm, log: silentLog },
    answer: () => {
      seen.heads += 1;
      return async () => {
        seen.calls += 1;
        await mayAnswer;
        return { status: 200, headers: {}, body: new Uint8Array(1) };
      };
    },
  });
  const client = connect(listener.port, '127.0.0.1');
  given.current = { listener, client, answer };
  await once(client, 'connect');
  client.resume().write('GET /a HTTP/1.1\r\nhost: h\r\n\r\n'.repeat(count));
  await eventually('all requests', () => seen.heads === count && seen.calls === 1);
  return given.current;
}

/** Begins to stop. */
function stop(listener: HttpListener): { isStopped: boolean } {
  const stopping = { isStopped: false };
  void listener.stopReceiving().then(() => (stopping.isStopped = true));
  return stopping;
}

test.each([1, 2, 20])('has stopped when a client with %i requests has left', async (count) => {
  const { listener, client } = await givenRequests(count);
  client.destroy();
  const stopping = stop(listener);
  await eventually('stop', () => stopping.isStopped, 2_000);
});

test.each([1, 2, 20])('has stopped when a client with %i requests has the last answer that it gets', async (count) => {
  const { listener, client, answer } = await givenRequests(count);
  const stopping = stop(listener);
  await new Promise(setImmediate);
  expect(stopping.isStopped).toBe(false);
  const left = once(client, 'close');
  answer();
  await left;
  await eventually('stop', () => stopping.isStopped, 2_000);
});
