// Large answers that wait for clients to read them, over a real socket.
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { defaultHttpLimits } from '../../../local/functions-host/http/http-limits.js';
import { startHttpListener, type HttpListener } from '../../../local/functions-host/http/http-listener.js';
import { plainForm } from '../../../local/functions-host/http/refusals.js';
import { createThrottle } from '../../../local/functions-host/http/throttle.js';
import { silentLog } from '../../../shared/log.js';
import { eventually } from '../../helpers/eventually.js';

const largeBytes = 32 * 1024 * 1024;
const opened: { listener?: HttpListener; sockets: Socket[] } = { sockets: [] };

afterEach(async () => {
  for (const socket of opened.sockets.splice(0)) socket.destroy();
  await opened.listener?.close();
});

test('large answers that nobody reads are kept up to a bound, and small ones go on', async () => {
  const listener = await startHttpListener({
    port: 0,
    throttle: createThrottle({ maxOutstandingRequests: 100, maxConcurrentRequests: 100 }),
    limits: { ...defaultHttpLimits, maxUnreadAnswerBytes: 2 * largeBytes },
    ...{ form: plainForm, log: silentLog },
    answer:
      ({ target }) =>
      () =>
        Promise.resolve({ status: 200, headers: {}, body: new Uint8Array(target === '/large' ? largeBytes : 10) }),
  });
  opened.listener = listener;
  const status = async (path: string): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${listener.port}${path}`);
    await answer.arrayBuffer();
    return answer.status;
  };
  for (const _ of [1, 2]) opened.sockets.push(await askAndNotRead(listener.port));
  expect(await status('/large')).toBe(429);
  expect(await status('/small')).toBe(200);
  opened.sockets[0]?.destroy();
  await eventually('room for another', async () => (await status('/large')) === 200);
});

test('an answer whose client left before it was made takes no room', async () => {
  const signs = new EventEmitter();
  const asked = once(signs, 'asked');
  const mayBeMade = once(signs, 'left');
  const listener = await startHttpListener({
    port: 0,
    throttle: createThrottle({ maxOutstandingRequests: 100, maxConcurrentRequests: 100 }),
    limits: { ...defaultHttpLimits, maxUnreadAnswerBytes: 2 * largeBytes },
    ...{ form: plainForm, log: silentLog },
    answer:
      ({ target }) =>
      async () => {
        if (target === '/left') {
          signs.emit('asked');
          await mayBeMade;
        }
        return { status: 200, headers: {}, body: new Uint8Array(2 * largeBytes) };
      },
  });
  opened.listener = listener;
  const socket = connect({ port: listener.port, host: '127.0.0.1' });
  socket.write('GET /left HTTP/1.1\r\nhost: h\r\n\r\n');
  await asked;
  socket.resetAndDestroy();
  const another = await fetch(`http://127.0.0.1:${listener.port}/large`);
  expect((await another.arrayBuffer()).byteLength).toBe(2 * largeBytes);
  signs.emit('left');
  await eventually(
    'room for another',
    async () => {
      const answer = await fetch(`http://127.0.0.1:${listener.port}/large`);
      await answer.arrayBuffer();
      return answer.status === 200;
    },
    5_000,
  );
});

/** Resolves once the answer has begun to arrive, of which nothing more is read. */
async function askAndNotRead(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write('GET /large HTTP/1.1\r\nhost: h\r\n\r\n');
  await once(socket, 'readable');
  return socket;
}
