// The broker as a process of its own: readiness, options, leaving with its parent or on a signal. Runs the compiled program.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ServiceBusClient } from '@azure/service-bus';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../helpers/eventually.js';
import { startProgram } from '../../helpers/started-program.js';
import { configFile, environment, program, startBroker } from './broker-process.js';
import { atEnd, key, keyName, quickRetries } from './bus-fixture.js';

function writeKeys(): string {
  const directory = mkdtempSync(join(tmpdir(), 'bookend-keys-'));
  atEnd(() => Promise.resolve(rmSync(directory, { recursive: true })));
  const path = join(directory, 'keys.json');
  writeFileSync(path, JSON.stringify({ Keys: [{ Name: 'ears', Key: 'secret', Rights: ['Listen'] }] }));
  return path;
}

describe('the broker as a process', () => {
  test('says over its channel when it is ready, and tells its counts', async () => {
    const { child, ready } = await startBroker();
    expect(ready).toEqual({
      ready: true,
      port: expect.any(Number),
      connectionString: `Endpoint=sb://127.0.0.1:${ready.port};SharedAccessKeyName=${keyName};SharedAccessKey=${key};UseDevelopmentEmulator=true`,
    });
    child.send({ request: 'counts', id: 7 });
    const [answer] = (await once(child, 'message')) as unknown[];
    expect(answer).toMatchObject({
      id: 7,
      counts: { 'job-events': { active: 0 } },
      operations: { 'job-events': { sends: 0 } },
    });
  });

  test('leaves when its parent lets go of it', async () => {
    const { child, exited } = await startBroker();
    child.disconnect();
    expect(await exited).toEqual([0, null]);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('leaves cleanly on %s, with clients connected', async (signal) => {
    const { child, ready, exited } = await startBroker();
    const client = new ServiceBusClient(ready.connectionString, quickRetries);
    const sender = client.createSender('outgoing-events');
    await sender.sendMessages({ body: 'x' });
    child.kill(signal);
    expect(await exited).toEqual([0, null]);
    // Closing takes the client a minute when its broker is gone; nothing of it keeps the process alive.
    void client.close();
  });

  test('without a channel says so in one line', async () => {
    const { pid, stdout, ended } = startProgram('node', [program, '--config', configFile], environment);
    const line = await eventually('the line', () => stdout().includes('\n') && stdout());
    expect(JSON.parse(line)).toMatchObject({ ready: true });
    process.kill(pid, 'SIGTERM');
    expect(await ended).toBe(0);
    expect(stdout()).toBe(line);
  });

  test("serves its health, and the emulator's own connection string with the port changed", async () => {
    const args = ['--config', configFile, '--emulator-key', '--http-port', '0', '--keys', writeKeys()];
    const { pid, stdout, ended } = startProgram('node', [program, ...args], { BOOKEND_SERVICE_BUS_KEY: '' });
    const line = await eventually('the line', () => stdout().includes('\n') && stdout());
    const { port, httpPort } = JSON.parse(line) as { port: number; httpPort: number };
    const health = await fetch(`http://127.0.0.1:${httpPort}/health`);
    expect([health.status, await health.json()]).toEqual([200, { status: 'healthy', message: 'Service is healthy.' }]);
    expect((await fetch(`http://127.0.0.1:${httpPort}/`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${httpPort}/health`, { method: 'POST' })).status).toBe(405);
    const emulators = (name: string, secret: string) =>
      `Endpoint=sb://localhost:${port};SharedAccessKeyName=${name};SharedAccessKey=${secret};UseDevelopmentEmulator=true;`;
    const client = new ServiceBusClient(emulators(keyName, 'SAS_KEY_VALUE'), quickRetries);
    await client.createSender('outgoing-events').sendMessages({ body: 'x' });
    const listener = new ServiceBusClient(emulators('ears', 'secret'), quickRetries);
    expect(await listener.createReceiver('outgoing-events').peekMessages(1)).toHaveLength(1);
    await Promise.all([client.close(), listener.close()]);
    process.kill(pid, 'SIGTERM');
    expect(await ended).toBe(0);
  });

  test('finds its files from where its user stands, also when npm starts it elsewhere, and explains its options', async () => {
    const settings = { npm_lifecycle_event: 'service-bus', INIT_CWD: dirname(configFile), ...environment };
    const { pid, stdout, ended } = startProgram('node', [program, '--config', basename(configFile)], settings);
    await eventually('the line', () => stdout().includes('"ready":true'));
    process.kill(pid, 'SIGTERM');
    expect(await ended).toBe(0);
    const help = startProgram('node', [program, '--help'], {});
    expect(await help.ended).toBe(0);
    expect(help.stdout()).toMatch(/--config FILE[^]*--idle-links/);
  });

  test.each([
    ['a key others know from elsewhere', ['--config', configFile, '--emulator-key', '--host', '0.0.0.0'], {}, /--host/],
    ['a file of keys that is one', ['--config', configFile, '--keys', configFile], environment, /--keys/],
    ['the key', [] as string[], {}, /BOOKEND_SERVICE_BUS_KEY/],
    ['a configuration', ['--config', '/nowhere.json'], environment, /nowhere\.json' cannot be read/],
    ['a configuration that is JSON', ['--config', program], environment, /main\.js' is no JSON/],
    ['a number of seconds', ['--config', configFile, '--idle-links', '-1'], environment, /--idle-links/],
    ['a number of bytes', ['--config', configFile, '--compact-at', 'x'], environment, /--compact-at/],
    ['a port that is one', ['--config', configFile, '--port', 'x'], environment, /--port/],
    ['options it knows', ['--config', configFile, '--colour'], environment, /--colour/],
  ])('does not start without %s and says why', async (_, args, settings, reason) => {
    const { stderr, ended } = startProgram(
      'node',
      [program, ...args, ...(args.length ? [] : ['--config', configFile])],
      settings,
    );
    expect(await ended).toBe(1);
    expect(stderr()).toMatch(reason);
  });
});
