// The door of the local functions host: runs a function app's compiled entry files as Azure Functions would, on 127.0.0.1.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { systemClock, type Clock } from '../../shared/clock.js';
import { stderrLog, type Log } from '../../shared/log.js';
import { loadApp } from './app/load-app.js';
import { describeFunctions, type FunctionMetadata } from './app/triggers.js';
import { parseLocalSettings } from './config/settings.js';
import { startHost } from './host.js';
import type { AdminRun } from './http/http-front.js';
import type { HttpLimits } from './http/http-limits.js';
import type { AnswerForm } from './http/refusals.js';

export type { FunctionMetadata } from './app/triggers.js';
export type { HttpLimits } from './http/http-limits.js';
export type { AnswerForm, Refusal } from './http/refusals.js';

export type FunctionsHostOptions = {
  /** The folder with package.json and host.json. */
  readonly appDir: string;
  /** 0, the default, picks a free port. */
  readonly port?: number;
  /** Win over the environment, which wins over local.settings.json. Put into `process.env` until `stop`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Run these functions only. */
  readonly only?: readonly string[];
  /** Opens `/admin/…` and functions that are not anonymous; '' opens neither. */
  readonly masterKey: string;
  readonly clock?: Clock;
  readonly log?: Log;
  /** The glob of entry files instead of package.json `main`, relative to `appDir`. */
  readonly main?: string;
  readonly httpLimits?: Partial<HttpLimits>;
  /** How the host's own refusals look; without a body by default. */
  readonly answerForm?: AnswerForm;
  /** Runs, for an admin call, a function that another process hosts. */
  readonly runElsewhere?: (name: string, input: string) => Promise<AdminRun>;
  /** How long `stop` lets work in flight finish; 2.5 s by default. */
  readonly stopGraceMs?: number;
};

export type FunctionsHost = {
  readonly url: string;
  readonly port: number;
  readonly functions: readonly FunctionMetadata[];
  stop(): Promise<void>;
};

/**
 * Starts the app's functions in this process; a process can hold one app. Rejects, with nothing left running, when the app
 * cannot be loaded or run, naming what is wrong. An unknown name in `only` is refused.
 */
export async function startFunctionsHost(options: FunctionsHostOptions): Promise<FunctionsHost> {
  const { appDir, only } = options;
  const restore = await applySettings(appDir, options.settings ?? {});
  try {
    await refuseUnknown(options);
    const host = await startHost({
      appDir,
      main: options.main,
      port: options.port ?? 0,
      settings: process.env,
      masterKey: options.masterKey,
      clock: options.clock ?? systemClock,
      log: options.log ?? stderrLog(),
      select: ({ name }) => only === undefined || only.includes(name),
      httpLimits: options.httpLimits,
      answerForm: options.answerForm,
      runElsewhere: options.runElsewhere,
      stopGraceMs: options.stopGraceMs ?? 2_500,
    });
    return { ...host, stop: () => host.stop().finally(restore) };
  } catch (error) {
    restore();
    throw error;
  }
}

/** The functions an app registers, with their bindings, sorted by name, without running any. Rejects as `startFunctionsHost` does. */
export async function listFunctions(options: { appDir: string; main?: string }): Promise<FunctionMetadata[]> {
  const { core } = await loadApp(options.appDir, options.main);
  return describeFunctions(core);
}

/**
 * Puts the app's settings into the environment, where its code reads them, and returns what takes them out again.
 * https://learn.microsoft.com/azure/azure-functions/functions-develop-local#local-settings-file
 */
export async function applySettings(appDir: string, settings: Readonly<Record<string, string>>): Promise<() => void> {
  const text = await readFile(path.join(appDir, 'local.settings.json'), 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '{}';
    throw error;
  });
  const defaults = { AZURE_FUNCTIONS_ENVIRONMENT: 'Development', FUNCTIONS_WORKER_RUNTIME: 'node' };
  const wanted = { ...defaults, ...parseLocalSettings(text), ...definedOnly(process.env), ...settings };
  const changed = Object.entries(wanted).filter(([name, value]) => process.env[name] !== value);
  const before = changed.map(([name]) => [name, process.env[name]] as const);
  Object.assign(process.env, Object.fromEntries(changed));
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

async function refuseUnknown({ appDir, main, only = [] }: FunctionsHostOptions): Promise<void> {
  const known = await listFunctions({ appDir, ...(main !== undefined && { main }) });
  const unknown = only.filter((name) => !known.some((one) => one.name === name));
  if (unknown.length === 0) return;
  throw new Error(`The app has no function named ${unknown.map((name) => `'${name}'`).join(', ')}`);
}

function definedOnly(record: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])),
  );
}
