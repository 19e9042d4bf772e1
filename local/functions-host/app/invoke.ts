// One invocation, as the Functions worker runs it: arguments, hooks, the function, hooks, response.
// It knows no trigger: what goes in and comes out is in the Functions wire format.
import type { Clock } from '../../../shared/clock.js';
import type { Ids } from '../../../shared/ids.js';
import type { Log } from '../../../shared/log.js';
import { forwardAppLog } from './app-log.js';
import type {
  Core,
  CoreInvocationContext,
  FunctionCallback,
  InvocationRequest,
  InvocationResponse,
  RegisteredFunction,
} from './core-api.js';
import { runHooks, type AppHookData } from './hooks.js';

export type Invoker = {
  /**
   * Runs one function once. Rejects with what the function or one of its hooks threw, or when `functionTimeout` passes,
   * or when the host gives up waiting while it stops. Node.js cannot cancel a function: after either it may still run.
   */
  invoke(registered: RegisteredFunction, request: InvocationRequest): Promise<InvocationResponse>;
  /** Resolves once no invocation is in flight. */
  idle(): Promise<void>;
  /** Rejects every invocation in flight and every later one. */
  giveUp(): void;
};

/** `functionTimeoutMs` may be infinite. */
export function createInvoker(
  core: Core,
  options: { clock: Clock; ids: Ids; log: Log; functionTimeoutMs: number; appHookData: AppHookData },
): Invoker {
  const { clock, ids, log, functionTimeoutMs } = options;
  const inFlight = new Set<Promise<unknown>>();
  const stopListeners = new Set<() => void>();
  let hasGivenUp = false;

  async function invoke(registered: RegisteredFunction, request: InvocationRequest): Promise<InvocationResponse> {
    const invocationId = ids.uuid();
    const functionLog = log.with({ functionName: registered.metadata.name, invocationId });
    const startMs = clock.monotonicMs();
    const running = withinLimits(run(registered, request, invocationId, functionLog), registered.metadata.name);
    inFlight.add(running);
    try {
      const response = await running;
      functionLog.debug('function succeeded', { durationMs: Math.round(clock.monotonicMs() - startMs) });
      return response;
    } catch (error) {
      functionLog.error('function failed', { durationMs: Math.round(clock.monotonicMs() - startMs), error });
      throw error;
    } finally {
      inFlight.delete(running);
    }
  }

  function withinLimits<T>(work: Promise<T>, functionName: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void => reject(new Error(`Function '${functionName}' ${reason}`));
      const onStop = (): void => fail('was still running when the host stopped');
      if (hasGivenUp) onStop();
      stopListeners.add(onStop);
      const timer = Number.isFinite(functionTimeoutMs)
        ? clock.schedule(functionTimeoutMs, () => fail(`exceeded functionTimeout (${functionTimeoutMs} ms)`))
        : undefined;
      void work.then(resolve, reject).finally(() => {
        timer?.cancel();
        stopListeners.delete(onStop);
      });
    });
  }

  async function run(
    { metadata, callback }: RegisteredFunction,
    request: InvocationRequest,
    invocationId: string,
    functionLog: Log,
  ): Promise<InvocationResponse> {
    const model = core.model;
    if (model === undefined) throw new Error('The app has no programming model');
    const logging: { invocationContext?: object } = {};
    const hookData: Record<string, unknown> = {};
    const shared = { hookData, appHookData: options.appHookData };
    const coreContext: CoreInvocationContext = {
      invocationId,
      request: { ...request, invocationId },
      metadata,
      log: (level, category, message) =>
        forwardAppLog(core, functionLog, { level, category, message, ...shared, ...logging }),
    };
    const invocation = model.getInvocationModel(coreContext);
    const { context, inputs } = await invocation.getArguments();
    logging.invocationContext = context;

    // The library's hook contexts write `inputs`, `functionCallback`, `result` and `error` back onto these objects.
    const before: { inputs: unknown[]; functionCallback: FunctionCallback } = {
      ...shared,
      ...{ invocationContext: context },
      inputs,
      functionCallback: callback,
    };
    coreContext.state = 'preInvocationHooks';
    await runHooks(core, 'preInvocation', before);

    const after: { result: unknown; error: unknown } = {
      ...shared,
      ...{ invocationContext: context, inputs: before.inputs },
      result: null,
      error: null,
    };
    coreContext.state = 'invocation';
    try {
      after.result = await invocation.invokeFunction(context, before.inputs, before.functionCallback);
    } catch (error) {
      after.error = error ?? new Error('The function threw nothing');
    }
    coreContext.state = 'postInvocationHooks';
    await runHooks(core, 'postInvocation', after);
    if (after.error !== null && after.error !== undefined) throw after.error;
    return invocation.getResponse(context, after.result);
  }

  return {
    invoke,
    async idle() {
      while (inFlight.size > 0) await Promise.allSettled(inFlight);
    },
    giveUp() {
      hasGivenUp = true;
      for (const onStop of stopListeners) onStop();
    },
  };
}
