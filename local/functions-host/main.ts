// The program: node main.js --app DIR [--port N] [--only a,b] [--process-per-function]
// Settings come from the environment and local.settings.json; the host key from BOOKEND_HOST_KEY, without it admin calls are closed.
// When ready it says { ready, url, port, functions } to its parent, or prints it; it ends on SIGTERM, SIGINT or with its parent.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { stderrLog } from '../../shared/log.js';
import { sayReady, stopWithParent } from '../programs/parent.js';
import { redirectConsole } from './console-log.js';
import { applySettings, listFunctions, startFunctionsHost, type FunctionsHost } from './index.js';
import { startWorkers } from './processes/start-workers.js';
import { createElsewhere, elsewhereVariable, hostKeyVariable } from './processes/worker-protocol.js';

const { values } = parseArgs({
  options: {
    app: { type: 'string', default: '.' },
    port: { type: 'string', default: '0' },
    only: { type: 'string' },
    'process-per-function': { type: 'boolean', default: false },
    // Says which functions the app has and ends; for --process-per-function.
    list: { type: 'boolean', default: false },
  },
});
const log = stderrLog().with({ program: 'functions-host' });
redirectConsole(log);
process.on('uncaughtException', (error) => {
  // As Azure's worker: after a bug that nobody caught no state can be trusted.
  log.error('functions host crashed', { error });
  process.exit(1);
});

// The app must not see what belongs to the host.
const masterKey = takeVariable(hostKeyVariable) ?? '';
const elsewhere = takeVariable(elsewhereVariable);
const appDir = path.resolve(values.app);
const port = Number(values.port);
const only = values.only?.split(',').filter((name) => name !== '');
// Azure starts an app in its own folder.
process.chdir(appDir);

let host: Pick<FunctionsHost, 'stop'> | undefined;
// Before anything is started, so that a parent that dies meanwhile is noticed.
stopWithParent(async () => {
  await host?.stop();
  process.exit(0);
}, 5_000);

try {
  if (values.list) {
    await applySettings(appDir, {});
    sayReady({ ready: true, functions: await listFunctions({ appDir }) });
  } else {
    const started = values['process-per-function'] ? await startGroups() : await startAlone();
    host = started;
    const { url, port: listening, functions } = started;
    sayReady({ ready: true, url, port: listening, functions });
  }
} catch (error) {
  log.error('functions host could not start', { error });
  process.exit(1);
}

function startAlone(): Promise<FunctionsHost> {
  return startFunctionsHost({
    appDir,
    port,
    masterKey,
    log,
    stopGraceMs: 1_000,
    ...(only !== undefined && { only }),
    ...(elsewhere !== undefined && { runElsewhere: createElsewhere(elsewhere, masterKey) }),
  });
}

function startGroups(): Promise<FunctionsHost> {
  return startWorkers({ script: fileURLToPath(import.meta.url), appDir, port, masterKey, only, log });
}

function takeVariable(name: string): string | undefined {
  const value = process.env[name];
  delete process.env[name];
  return value;
}
