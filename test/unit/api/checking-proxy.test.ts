// The proxy that checks the answers of end-to-end suites: what it finds, and what it lets pass.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { startCheckingProxy, type CheckingProxy } from '../../helpers/checking-proxy.js';

async function inFrontOf(answer: RequestListener): Promise<CheckingProxy> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return startCheckingProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

test('an answer that is not as described comes through, and is told at the end', async () => {
  const proxy = await inFrontOf((_, answer) => answer.setHeader('content-type', 'application/json').end('{}'));
  expect(await (await fetch(`${proxy.url}/pools/P`)).json()).toEqual({});
  expect(proxy.faults).not.toEqual([]);
  await expect(proxy.stop()).rejects.toThrow('GET /pools/P 200');
});

test.each<[string, RequestListener]>([
  ['before its answer', (asked) => asked.socket.destroy()],
  [
    'in the middle of its answer',
    (_, answer) => {
      answer.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
      answer.write('{"value":[', () => answer.destroy());
    },
  ],
  [
    'in the middle of an answer of unknown length',
    (_, answer) => {
      answer.writeHead(200, { 'content-type': 'application/json' });
      answer.write('{"value":[', () => answer.destroy());
    },
  ],
])('a host that dies %s has given none: its client hears no more, and nothing is amiss', async (_, dying) => {
  const proxy = await inFrontOf(dying);
  await expect(fetch(`${proxy.url}/pools`).then((answer) => answer.text())).rejects.toThrow();
  expect(proxy.faults).toEqual([]);
  await proxy.stop();
});

test('a host that is gone is not answered for', async () => {
  const proxy = await startCheckingProxy('http://127.0.0.1:1');
  await expect(fetch(`${proxy.url}/pools`)).rejects.toThrow();
  await proxy.stop();
});
