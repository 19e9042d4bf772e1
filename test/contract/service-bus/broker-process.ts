// The compiled broker as a child process, gone when the test is over.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { atEnd, key } from './bus-fixture.js';

export const program = fileURLToPath(new URL('../../../dist/local/service-bus/main.js', import.meta.url));
export const configFile = fileURLToPath(new URL('../../../local/service-bus/Config.json', import.meta.url));
export const environment = { BOOKEND_SERVICE_BUS_KEY: key };

type Ready = { readonly ready: true; readonly connectionString: string; readonly port: number };
export type Broker = { readonly child: ChildProcess; readonly ready: Ready; readonly exited: Promise<unknown[]> };

/** Starts a broker with the project's queues; it is killed at the test's end if it is still there. */
export async function startBroker(args: readonly string[] = []): Promise<Broker> {
  const child = fork(program, ['--config', configFile, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const exited = once(child, 'exit');
  atEnd(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const [message] = (await Promise.race([once(child, 'message'), exited])) as unknown[];
  return { child, exited, ready: message as Ready };
}
