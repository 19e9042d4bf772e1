// The embedded Service Bus as a process of its own: `--port N --config FILE [--data DIR]`, the key in the environment.
// Says when it is ready, answers its parent's questions about counts, and leaves with its parent or on a signal.
import { parseArgs } from 'node:util';
import { describeError, stderrLog } from '../../shared/log.js';
import { startServiceBus, type ServiceBus, type ServiceBusOptions } from './index.js';

const keySetting = 'BOOKEND_SERVICE_BUS_KEY';
const keyNameSetting = 'BOOKEND_SERVICE_BUS_KEY_NAME';
const log = stderrLog('info', { program: 'service-bus' });

function readOptions(): ServiceBusOptions {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, config: { type: 'string' }, data: { type: 'string' } },
  });
  const port = Number(values.port ?? '0');
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port: '${values.port}' is no port`);
  if (values.config === undefined) throw new Error('--config: the path of a queue definition file is needed');
  const key = process.env[keySetting];
  if (key === undefined || key === '') throw new Error(`${keySetting}: the shared access key is needed`);
  const keyName = process.env[keyNameSetting] ?? 'RootManageSharedAccessKey';
  const dataDir = values.data === undefined ? {} : { dataDir: values.data };
  return { port, config: values.config, key, keyName, log, onFailure: leaveAtOnce, ...dataDir };
}

// Nothing can be acknowledged any more; whoever started the broker has to see it and start another.
function leaveAtOnce(): void {
  process.exit(1);
}

function leaveWith(bus: ServiceBus): void {
  let isLeaving = false;
  const leave = (): void => {
    if (isLeaving) return;
    isLeaving = true;
    bus.stop().then(
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

try {
  const bus = await startServiceBus(readOptions());
  leaveWith(bus);
  const ready = { ready: true, connectionString: bus.connectionString, port: bus.port };
  if (process.send === undefined) process.stdout.write(`${JSON.stringify(ready)}\n`);
  else {
    answerParent(bus);
    process.send(ready);
    // A parent that died while this process started is not told by an event any more.
    if (!process.connected) process.emit('disconnect');
  }
} catch (error) {
  log.error('could not start', { reason: describeError(error) });
  process.exit(1);
}
