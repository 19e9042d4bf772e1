// The compiled app's HTTP functions in a functions host of their own, with neither broker nor storage: enough for whatever is decided before
// they are needed. The program is the one that the stack starts.
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const projectDirectory = fileURLToPath(new URL('../../', import.meta.url));
const script = `${projectDirectory}dist/local/functions-host/main.js`;

const bindingSchema = z.looseObject({
  type: z.string(),
  route: z.string().optional(),
  methods: z.array(z.string()).optional(),
});
const listedSchema = z.object({ functions: z.array(z.object({ name: z.string(), bindings: z.array(bindingSchema) })) });
const readySchema = z.object({ url: z.string(), port: z.number() });

export type HttpRoute = { readonly name: string; readonly route: string; readonly methods: readonly string[] };
export type AppProgram = { readonly url: string; readonly port: number; stop(): Promise<void> };

/** The app's HTTP functions, as the host finds them. */
export async function listRoutes(): Promise<readonly HttpRoute[]> {
  const { said, child } = await start(['--list'], {});
  await end(child);
  return listedSchema
    .parse(said)
    .functions.flatMap(({ name, bindings }) =>
      bindings.flatMap(({ type, route = name, methods = ['GET', 'POST'] }) =>
        type.toLowerCase() === 'httptrigger'
          ? [{ name, route, methods: methods.map((each) => each.toUpperCase()) }]
          : [],
      ),
    );
}

/** Starts the HTTP functions of these names; `settings` are those that matter to the test. */
export async function startApp(
  names: readonly string[],
  settings: Readonly<Record<string, string>>,
  port = 0,
): Promise<AppProgram> {
  const { said, child } = await start(['--only', names.join(','), '--port', String(port)], {
    ServiceBusConnection:
      'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=n;SharedAccessKey=bg==;UseDevelopmentEmulator=true',
    NodesServiceBusConnection: 'none',
    StorageConnection: 'UseDevelopmentStorage=true',
    BookendLogLevel: 'error',
    ...settings,
  });
  return { ...readySchema.parse(said), stop: () => end(child) };
}

async function start(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ said: unknown; child: ChildProcess }> {
  if (!existsSync(script)) throw new Error('Build first: npm run build');
  const form = `${projectDirectory}dist/local/batch-answers.js`;
  const child = fork(script, ['--app', projectDirectory, '--answer-form', form, ...args], {
    env: { ...process.env, ...env },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const said = await new Promise<unknown>((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`The app ended before it was ready: exit code ${code}`)));
  });
  return { said, child };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
