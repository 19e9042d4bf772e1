// One running host: an app's functions behind their triggers, from start to orderly stop.
// It knows no command line and no other process; it runs what `select` picks of the app.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../shared/clock.js';
import { systemIds } from '../../shared/ids.js';
import type { Log } from '../../shared/log.js';
import { unreachable } from '../../shared/unreachable.js';
import { forwardAppLog } from './app/app-log.js';
import { appHookContext, runHooks, type AppHookData } from './app/hooks.js';
import { createInvoker, type Invoker } from './app/invoke.js';
import { loadApp } from './app/load-app.js';
import { describeFunctions, readTriggers, type FunctionMetadata, type HostedFunction } from './app/triggers.js';
import { parseHostJson, type HostJson } from './config/host-json.js';
import { resolveConnection, type Settings } from './config/settings.js';
import { createHttpAnswerer, type AdminRun } from './http/http-front.js';
import { defaultHttpLimits, type HttpLimits } from './http/http-limits.js';
import { startHttpListener } from './http/http-listener.js';
import { plainForm, type AnswerForm } from './http/refusals.js';
import { createRouteTable, type HttpFunction } from './http/route-table.js';
import { createThrottle } from './http/throttle.js';
import { requestByHand } from './run-by-hand.js';
import { startServiceBusTrigger } from './service-bus/start-service-bus-trigger.js';
import { stopHost, type Intake } from './stop-host.js';
import { prepareTimer, timerRequest } from './timers/start-timer.js';

export type HostOptions = {
  readonly appDir: string;
  /** The glob of entry files instead of that of package.json. */
  readonly main?: string | undefined;
  readonly port: number;
  readonly settings: Settings;
  readonly masterKey: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Which of the app's functions run here. */
  readonly select: (metadata: FunctionMetadata) => boolean;
  /** Runs a function that another process hosts. */
  readonly runElsewhere?: ((name: string, input: string) => Promise<AdminRun>) | undefined;
  readonly httpLimits?: Partial<HttpLimits> | undefined;
  /** How the host's own refusals look; without a body by default. */
  readonly answerForm?: AnswerForm | undefined;
  /** How long `stop` waits for what is in flight. */
  readonly stopGraceMs: number;
};

export type RunningHost = {
  readonly url: string;
  readonly port: number;
  /** The functions that run here, sorted by name. */
  readonly functions: readonly FunctionMetadata[];
  /** All functions of the app, whether they run here or not. */
  readonly appFunctions: readonly FunctionMetadata[];
  /** Starts a function that is not HTTP-triggered and does not wait for it. */
  runFunction(name: string, input: string): Promise<AdminRun>;
  stop(): Promise<void>;
};

/**
 * Loads the app and starts its triggers. Rejects, with nothing left running, when host.json, a registration, a setting or a
 * schedule cannot be used or the port is taken. `stop` takes no new work, lets what is in flight finish within `stopGraceMs` (then
 * gives it up: messages are abandoned, requests answered 500), runs the appTerminate hooks and closes all connections.
 */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const { clock, log, settings } = options;
  const hostJson = parseHostJson(await readFile(path.join(options.appDir, 'host.json'), 'utf8'));
  const { core, capabilities } = await loadApp(options.appDir, options.main);
  const keepEmpty = capabilities['IncludeEmptyEntriesInMessagePayload']?.toLowerCase() === 'true';
  const appFunctions = describeFunctions(core);
  const functions = appFunctions.filter(options.select);
  const names = new Set(functions.map(({ name }) => name));
  const hosted = readTriggers(core, settings).filter(({ name }) => names.has(name));

  const appHookData: AppHookData = {};
  const { functionTimeoutMs } = hostJson;
  const invoker = createInvoker(core, { clock, ids: systemIds, log, functionTimeoutMs, appHookData });
  core.log = (level, category, message) => forwardAppLog(core, log, { level, category, message, appHookData });

  async function runFunction(name: string, input: string): Promise<AdminRun> {
    const found = hosted.find((candidate) => candidate.name === name);
    if (found === undefined) return (await options.runElsewhere?.(name, input)) ?? 'unknownFunction';
    const request = requestByHand(found, input, { clock, keepEmpty });
    if (request === undefined) return 'unknownFunction';
    // Started, not awaited; the invoker logs its failure.
    invoker.invoke(found.registered, request).catch(() => undefined);
    return 'started';
  }

  const intakes: Intake[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopping ??= stopHost(intakes, {
      invoker,
      clock,
      log,
      graceMs: options.stopGraceMs,
      terminate: () => runHooks(core, 'appTerminate', appHookContext(appHookData)),
    }));

  try {
    // Everything that can be wrong with a trigger is found before the first one starts.
    const starters = hosted.flatMap((one) => prepareTrigger(one, { options, hostJson, invoker, keepEmpty }));
    const httpFunctions = hosted.filter((one): one is HttpFunction => one.trigger.kind === 'http');
    const routes = createRouteTable(httpFunctions, hostJson.http.routePrefix);
    await runHooks(core, 'appStart', appHookContext(appHookData));
    const form = options.answerForm ?? plainForm;
    const front = { routes, invoker, masterKey: options.masterKey, runFunction, form, log };
    const listener = await startHttpListener({
      port: options.port,
      throttle: createThrottle(hostJson.http),
      limits: { ...defaultHttpLimits, ...options.httpLimits },
      form,
      log,
      answer: createHttpAnswerer(front),
    });
    intakes.push(listener);
    for (const start of starters) intakes.push(start());
    const url = `http://127.0.0.1:${listener.port}`;
    log.info('functions host started', { url, functions: [...names] });
    return { url, port: listener.port, functions, appFunctions, runFunction, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type TriggerContext = {
  readonly options: HostOptions;
  readonly hostJson: HostJson;
  readonly invoker: Invoker;
  readonly keepEmpty: boolean;
};

/** How to start what brings one function its work; nothing for HTTP, which all functions share. */
function prepareTrigger(hosted: HostedFunction, context: TriggerContext): (() => Intake)[] {
  const { invoker, hostJson, keepEmpty } = context;
  const { clock, log, settings } = context.options;
  const { name, registered, bindingName, trigger } = hosted;
  switch (trigger.kind) {
    case 'http':
      return [];
    case 'timer':
      return [
        prepareTimer({
          ...trigger,
          clock,
          log: log.with({ functionName: name }),
          run: (payload) => invoker.invoke(registered, timerRequest(bindingName, payload)),
        }),
      ];
    case 'serviceBus': {
      const connectionString = resolveConnection(trigger.connection, settings, `function '${name}'`);
      return [
        () =>
          startServiceBusTrigger({
            hosted: { name, bindingName, trigger },
            connectionString,
            options: hostJson.serviceBus,
            keepEmpty,
            clock,
            log,
            invoke: (request) => invoker.invoke(registered, request),
          }),
      ];
    }
    default:
      return unreachable(trigger);
  }
}
