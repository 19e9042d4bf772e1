// The embedded Service Bus as a process of its own: `--port N --config FILE [--data DIR]`, the key in the environment.
// Says when it is ready, answers its parent's questions about counts, and leaves with its parent or on a signal.
import { stderrLog } from '../../shared/log.js';
import { serveHealth, type HealthServer } from './health.js';
import { startServiceBus, type ServiceBus } from './index.js';
import { readOptions, usage, type MainOptions } from './main-options.js';

const log = stderrLog('info', { program: 'service-bus' });

// Nothing can be acknowledged any more; whoever started the broker has to see it and start another.
function leaveAtOnce(): void {
  process.exit(1);
}

function leaveWith(stop: () => Promise<unknown>): void {
  let isLeaving = false;
  const leave = (): void => {
    if (isLeaving) return;
    isLeaving = true;
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('failed to stop', { error });
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', leave);
  process.once('SIGINT', leave);
  process.once('disconnect', leave);
}

// {request: 'counts', id} → {id, counts, operations}: the parent sees the broker's own figures without a connection.
function answerParent(bus: ServiceBus): void {
  process.on('message', (message: unknown) => {
    if (typeof message !== 'object' || message === null || Reflect.get(message, 'request') !== 'counts') return;
    const id: unknown = Reflect.get(message, 'id');
    process.send?.({ id, counts: bus.control.counts(), operations: bus.control.operations() });
  });
}

function tellReader(bus: ServiceBus, health: HealthServer | undefined, ready: object): void {
  if (!process.stdout.isTTY) return void process.stdout.write(`${JSON.stringify(ready)}\n`);
  process.stdout.write(`${bus.connectionString}\n`);
  if (health !== undefined) process.stdout.write(`health: http://127.0.0.1:${health.port}/health\n`);
}

// What keeps a broker from starting is what its user gave it; the message says what, and where in the code does not help.
function refuse(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  if (process.stderr.isTTY) process.stderr.write(`service-bus could not start: ${reason}\n`);
  else log.error('could not start', { reason });
  process.exit(1);
}

async function start({ bus: options, host, httpPort }: MainOptions): Promise<void> {
  const bus = await startServiceBus({ ...options, log, onFailure: leaveAtOnce });
  let isLeaving = false;
  const health = httpPort === undefined ? undefined : await serveHealth({ host, port: httpPort }, () => !isLeaving);
  leaveWith(async () => {
    isLeaving = true;
    await bus.stop();
    await health?.stop();
  });
  const http = health === undefined ? {} : { httpPort: health.port };
  const ready = { ready: true, connectionString: bus.connectionString, port: bus.port, ...http };
  if (process.send === undefined) tellReader(bus, health, ready);
  else {
    answerParent(bus);
    process.send(ready);
    // A parent that died while this process started is not told by an event any more.
    if (!process.connected) process.emit('disconnect');
  }
}

try {
  const options = readOptions(process.env);
  if (options === undefined) process.stdout.write(usage);
  else await start(options);
} catch (error) {
  refuse(error);
}
