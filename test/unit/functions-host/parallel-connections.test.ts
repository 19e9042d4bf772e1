// What an ordinary client does: many connections, kept open, with one request at a time on each.
import { Agent, request } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { defaultHttpLimits } from '../../../local/functions-host/http/http-limits.js';
import { startHttpListener, type HttpListener } from '../../../local/functions-host/http/http-listener.js';
import { plainForm } from '../../../local/functions-host/http/refusals.js';
import { createThrottle } from '../../../local/functions-host/http/throttle.js';
import { silentLog } from '../../../shared/log.js';

const agent = new Agent({ keepAlive: true, maxSockets: 100 });
const opened: { listener?: HttpListener } = {};

afterEach(async () => {
  agent.destroy();
  await opened.listener?.close();
});

test('a hundred connections that are kept and used over and over are served all at once', async () => {
  let inside = 0;
  let open = (): void => undefined;
  const allInside = new Promise<void>((resolve) => (open = resolve));
  const listener = await startHttpListener({
    port: 0,
    throttle: createThrottle({ maxOutstandingRequests: 400, maxConcurrentRequests: 100 }),
    limits: defaultHttpLimits,
    ...{ form: plainForm, log: silentLog },
    answer: () => async () => {
      inside += 1;
      if (inside === 100) open();
      // The first ones wait for each other.
      await allInside;
      return { status: 200, headers: {}, body: new Uint8Array(1) };
    },
  });
  opened.listener = listener;
  const ask = (): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const sent = request({ port: listener.port, host: '127.0.0.1', agent }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode));
      });
      sent.once('error', reject).end();
    });
  for (let round = 0; round < 3; round += 1) {
    const statuses = await Promise.all(Array.from({ length: 100 }, ask));
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  }
  expect(inside).toBe(300);
});
