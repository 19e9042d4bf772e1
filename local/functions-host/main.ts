// The program: node main.js --app DIR [--port N] [--only a,b] [--process-per-function] [--answer-form MODULE]
// Settings come from the environment and local.settings.json; the host key from BOOKEND_HOST_KEY, without it admin calls are closed.
// When ready it says { ready, url, port, functions } to its parent, or prints it; it ends on SIGTERM, SIGINT or with its parent.
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { stderrLog } from '../../shared/log.js';
import { sayReady, stopWithParent } from '../programs/parent.js';
import { redirectConsole } from './console-log.js';
import { applySettings, listFunctions, startFunctionsHost, type AnswerForm, type FunctionsHost } from './index.js';
import { startWorkers } from './processes/start-workers.js';
import { createElsewhere, elsewhereVariable, hostKeyVariable } from './processes/worker-protocol.js';

const { values } = parseArgs({
  options: {
    app: { type: 'string', default: '.' },
    port: { type: 'string', default: '0' },
    only: { type: 'string' },
    'process-per-function': { type: 'boolean', default: false },
    // A module that exports `answerForm`: how the host's own refusals look.
    'answer-form': { type: 'string' },
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
const answerFormModule = values['answer-form'] && path.resolve(values['answer-form']);
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

async function startAlone(): Promise<FunctionsHost> {
  const answerForm = answerFormModule === undefined ? undefined : await loadAnswerForm(answerFormModule);
  return startFunctionsHost({
    appDir,
    port,
    masterKey,
    log,
    stopGraceMs: 1_000,
    ...(only !== undefined && { only }),
    ...(answerForm !== undefined && { answerForm }),
    ...(elsewhere !== undefined && { runElsewhere: createElsewhere(elsewhere, masterKey) }),
  });
}

function startGroups(): Promise<FunctionsHost> {
  const script = fileURLToPath(import.meta.url);
  return startWorkers({ script, appDir, port, masterKey, only, answerFormModule, log });
}

async function loadAnswerForm(file: string): Promise<AnswerForm> {
  const module: unknown = await import(pathToFileURL(file).href);
  const form = typeof module === 'object' && module !== null && 'answerForm' in module ? module.answerForm : undefined;
  if (isAnswerForm(form)) return form;
  throw new Error(`'${file}' exports no answerForm with refuse and reasonPhrase`);
}

function isAnswerForm(form: unknown): form is AnswerForm {
  const parts = typeof form === 'object' && form !== null && 'refuse' in form && 'reasonPhrase' in form ? form : {};
  return ['refuse', 'reasonPhrase'].every((name) => typeof Reflect.get(parts, name) === 'function');
}

function takeVariable(name: string): string | undefined {
  const value = process.env[name];
  delete process.env[name];
  return value;
}
