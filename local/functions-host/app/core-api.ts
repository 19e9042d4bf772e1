// The virtual module `@azure/functions-core`: what @azure/functions asks its host for.
// It keeps registrations and hooks of the one app a process can hold; it neither starts nor calls anything.
// One core per process, because the library caches it (and its own flags) in module scope.
import Module from 'node:module';

export type Binding = { readonly type: string; readonly direction: string; readonly [option: string]: unknown };
export type FunctionCallback = (...inputs: unknown[]) => unknown;
export type CoreFunctionMetadata = {
  readonly name: string;
  readonly functionId?: string;
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly retryOptions?: unknown;
};
export type RegisteredFunction = { readonly metadata: CoreFunctionMetadata; readonly callback: FunctionCallback };

export type CoreLogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';
export type CoreLogCategory = 'user' | 'system' | 'customMetric';
export type CoreLogSink = (level: CoreLogLevel, category: CoreLogCategory, message: string) => void;

export const hookNames = ['preInvocation', 'postInvocation', 'appStart', 'appTerminate', 'log'] as const;
export type HookName = (typeof hookNames)[number];
export type HookCallback = (context: object) => unknown;

/** One value on its way to or from a function, as the Functions wire format has it. */
export type TypedData = {
  readonly string?: string;
  readonly json?: string;
  readonly bytes?: Uint8Array;
  readonly int?: number;
  readonly double?: number;
  readonly http?: HttpData;
  readonly collectionString?: { readonly string: readonly string[] };
  readonly collectionBytes?: { readonly bytes: readonly Uint8Array[] };
  readonly collectionSint64?: { readonly sint64: readonly unknown[] };
};
export type Nullable<T> = { readonly value?: T };
export type HttpCookie = {
  readonly name: string;
  readonly value: string;
  readonly domain?: Nullable<string>;
  readonly path?: Nullable<string>;
  readonly expires?: Nullable<{ readonly seconds: number }>;
  readonly secure?: Nullable<boolean>;
  readonly httpOnly?: Nullable<boolean>;
  readonly sameSite?: string;
  readonly maxAge?: Nullable<number>;
};
export type HttpData = {
  readonly method?: string;
  readonly url?: string;
  readonly nullableHeaders?: Readonly<Record<string, Nullable<string>>>;
  readonly nullableQuery?: Readonly<Record<string, Nullable<string>>>;
  readonly nullableParams?: Readonly<Record<string, Nullable<string>>>;
  readonly statusCode?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly HttpCookie[];
  readonly body?: TypedData | null;
};

export type InvocationRequest = {
  readonly inputData: readonly { readonly name: string; readonly data: TypedData }[];
  readonly triggerMetadata?: Readonly<Record<string, TypedData>>;
};
export type InvocationResponse = { readonly returnValue?: TypedData | null };
export type CoreInvocationContext = {
  readonly invocationId: string;
  readonly request: InvocationRequest & { readonly invocationId: string };
  readonly metadata: CoreFunctionMetadata;
  state?: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks';
  readonly log: CoreLogSink;
};
export type InvocationModel = {
  getArguments(): Promise<{ context: object; inputs: unknown[] }>;
  invokeFunction(context: object, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: object, result: unknown): Promise<InvocationResponse>;
};
export type ProgrammingModel = {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
};

/** Everything an app has told its host. `log` is replaced while a host runs. */
export type Core = {
  readonly functions: Map<string, RegisteredFunction>;
  readonly hooks: Readonly<Record<HookName, HookCallback[]>>;
  model: ProgrammingModel | undefined;
  isLocked: boolean;
  log: CoreLogSink;
  /** The folder of the app this process has loaded. */
  appDir: string | undefined;
};

class Disposable {
  readonly #dispose: () => void;

  constructor(dispose: () => void) {
    this.#dispose = dispose;
  }

  static from(...disposables: { dispose(): void }[]): Disposable {
    return new Disposable(() => disposables.forEach((disposable) => disposable.dispose()));
  }

  dispose(): void {
    this.#dispose();
  }
}

const coreKey = Symbol.for('bookend.functions-host.core');

/**
 * The process's core, created on first use and then supplied to every `require('@azure/functions-core')`.
 * Must be called before the first import of an app file: the library remembers a failed look-up for good.
 */
export function installCore(): Core {
  const existing: Core | undefined = Reflect.get(globalThis, coreKey);
  if (existing !== undefined) return existing;
  const core: Core = {
    functions: new Map(),
    hooks: { preInvocation: [], postInvocation: [], appStart: [], appTerminate: [], log: [] },
    model: undefined,
    isLocked: false,
    log: () => undefined,
    appDir: undefined,
  };
  const api = createCoreApi(core);
  const originalRequire = Module.prototype.require;
  const requireWithCore = function (this: Module, id: string): unknown {
    return id === '@azure/functions-core' ? api : originalRequire.call(this, id);
  };
  Module.prototype.require = Object.assign(requireWithCore, originalRequire);
  Reflect.set(globalThis, coreKey, core);
  return core;
}

/** The module object itself, as the library's `types-core` describes it. */
function createCoreApi(core: Core): object {
  return {
    version: '3.12.0',
    hostVersion: '4.1037.0',
    Disposable,
    registerFunction(metadata: CoreFunctionMetadata, callback: FunctionCallback): Disposable {
      if (core.isLocked) throw systemError(Error, 'A function can only be registered during app startup.');
      const id = metadata.functionId ?? metadata.name;
      if (core.functions.has(id)) throw systemError(Error, `A function named "${id}" has already been registered.`);
      core.functions.set(id, { metadata, callback });
      return new Disposable(() => {
        if (core.isLocked) throw systemError(Error, 'A function can only be disposed during app startup.');
        core.functions.delete(id);
      });
    },
    registerHook(name: string, callback: HookCallback): Disposable {
      const known = hookNames.find((candidate) => candidate === name);
      if (known === undefined) throw systemError(RangeError, `Unrecognized hook "${name}"`);
      const callbacks = core.hooks[known];
      callbacks.push(callback);
      return new Disposable(() => {
        const index = callbacks.indexOf(callback);
        if (index >= 0) callbacks.splice(index, 1);
      });
    },
    setProgrammingModel(model: ProgrammingModel): void {
      core.model = model;
    },
    getProgrammingModel: () => core.model,
    log: (level: CoreLogLevel, category: CoreLogCategory, message: string) => core.log(level, category, message),
  };
}

// The library tells its host's own errors from the app's by this mark.
function systemError(Type: typeof Error, message: string): Error {
  return Object.assign(new Type(message), { isAzureFunctionsSystemError: true });
}
