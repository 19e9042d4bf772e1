// What wakes each function: a registration's bindings, parsed once into one of the trigger kinds this host can run.
import { z } from 'zod';
import { isDisabled, resolveReferences, type Settings } from '../config/settings.js';
import type { Binding, Core, RegisteredFunction } from './core-api.js';

export type HttpTrigger = {
  readonly kind: 'http';
  /** The template without the prefix of host.json. */
  readonly route: string;
  readonly methods: readonly string[];
  readonly authLevel: 'anonymous' | 'function' | 'admin';
};
export type ServiceBusTrigger = {
  readonly kind: 'serviceBus';
  /** Queue, `queue/$DeadLetterQueue`, or `topic/Subscriptions/subscription`. */
  readonly entityPath: string;
  /** The name of the setting that holds the connection string. */
  readonly connection: string;
  readonly isBatch: boolean;
  readonly hasSessions: boolean;
  readonly isBinary: boolean;
  readonly autoCompleteMessages: boolean | undefined;
  readonly maxMessageBatchSize: number | undefined;
};
export type TimerTrigger = { readonly kind: 'timer'; readonly schedule: string; readonly runOnStartup: boolean };
export type Trigger = HttpTrigger | ServiceBusTrigger | TimerTrigger;

/** A function with what wakes it; `bindingName` is the input the trigger's value goes to. */
export type HostedFunction<T extends Trigger = Trigger> = {
  readonly name: string;
  readonly registered: RegisteredFunction;
  readonly bindingName: string;
  readonly trigger: T;
};

/** A function as the host shows it: its name and its bindings as the Functions worker reports them, sorted by name. */
export type FunctionMetadata = {
  readonly name: string;
  readonly bindings: readonly (Binding & { readonly name: string })[];
};

const methods = z.array(z.string().toUpperCase()).nonempty();
const httpSchema = z.object({
  route: z.string().optional(),
  methods: methods.default(['GET', 'POST']),
  authLevel: z.enum(['anonymous', 'function', 'admin']).default('anonymous'),
});
const serviceBusSchema = z.object({
  queueName: z.string().min(1).optional(),
  topicName: z.string().min(1).optional(),
  subscriptionName: z.string().min(1).optional(),
  connection: z.string().min(1).default('ServiceBus'),
  cardinality: z.enum(['one', 'many']).default('one'),
  isSessionsEnabled: z.boolean().default(false),
  dataType: z.string().optional(),
  autoCompleteMessages: z.boolean().optional(),
  maxMessageBatchSize: z.number().int().min(1).max(2047).optional(),
  sdkBinding: z.literal(false, { error: 'SDK bindings are not supported by the local host' }).optional(),
});
const timerSchema = z.object({ schedule: z.string().min(1), runOnStartup: z.boolean().default(false) });

/** The functions of an app with their bindings, sorted by name. */
export function describeFunctions(core: Core): FunctionMetadata[] {
  return [...core.functions.values()]
    .map(({ metadata }) => ({
      name: metadata.name,
      bindings: Object.entries(metadata.bindings).map(([name, binding]) => ({ ...binding, name })),
    }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

/**
 * The functions this host is to run, in the order they were registered, without those a setting switches off.
 * Throws one Error naming every function that has a trigger or binding the local host does not support.
 */
export function readTriggers(core: Core, settings: Settings): HostedFunction[] {
  const hosted: HostedFunction[] = [];
  const faults: string[] = [];
  for (const registered of core.functions.values()) {
    const { name } = registered.metadata;
    if (isDisabled(name, settings)) continue;
    try {
      hosted.push(readTrigger(registered, settings));
    } catch (error) {
      faults.push(`function '${name}': ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (faults.length > 0) throw new Error(`The local host cannot run this app: ${faults.join('; ')}`);
  return hosted;
}

/** Whether a function belongs to the app's HTTP group, which Azure runs on instances of its own. */
export function isHttpFunction(metadata: FunctionMetadata): boolean {
  return metadata.bindings.some((binding) => binding.type.toLowerCase() === 'httptrigger');
}

function readTrigger(registered: RegisteredFunction, settings: Settings): HostedFunction {
  const { name } = registered.metadata;
  const bindings = Object.entries(registered.metadata.bindings);
  const trigger = bindings.find(([, binding]) => /trigger$/i.test(binding.type));
  if (trigger === undefined) throw new Error('it has no trigger');
  const [bindingName, binding] = trigger;
  for (const [otherName, other] of bindings) {
    const isSupported = otherName === bindingName || (other.direction === 'out' && other.type.toLowerCase() === 'http');
    // A binding that is silently left out would lose data, so it is refused.
    if (!isSupported) throw new Error(`binding '${otherName}' of type '${other.type}' is not supported`);
  }
  return { name, registered, bindingName, trigger: toTrigger(name, binding, settings) };
}

function toTrigger(name: string, binding: Binding, settings: Settings): Trigger {
  const resolve = (text: string): string => resolveReferences(text, settings, `a binding of function '${name}'`);
  switch (binding.type.toLowerCase()) {
    case 'httptrigger': {
      const { route, methods, authLevel } = parse(httpSchema, binding);
      return { kind: 'http', route: resolve(route ?? name), methods, authLevel };
    }
    case 'servicebustrigger': {
      const parsed = parse(serviceBusSchema, binding);
      return {
        kind: 'serviceBus',
        entityPath: entityPath(parsed, resolve),
        connection: resolve(parsed.connection),
        isBatch: parsed.cardinality === 'many',
        hasSessions: parsed.isSessionsEnabled,
        isBinary: parsed.dataType?.toLowerCase() === 'binary',
        autoCompleteMessages: parsed.autoCompleteMessages,
        maxMessageBatchSize: parsed.maxMessageBatchSize,
      };
    }
    case 'timertrigger': {
      const { schedule, runOnStartup } = parse(timerSchema, binding);
      return { kind: 'timer', schedule: resolve(schedule), runOnStartup };
    }
    default:
      throw new Error(`trigger type '${binding.type}' is not supported`);
  }
}

function entityPath(binding: z.infer<typeof serviceBusSchema>, resolve: (text: string) => string): string {
  if (binding.queueName !== undefined) return resolve(binding.queueName);
  if (binding.topicName === undefined || binding.subscriptionName === undefined) {
    throw new Error('a Service Bus trigger needs queueName, or topicName and subscriptionName');
  }
  return `${resolve(binding.topicName)}/Subscriptions/${resolve(binding.subscriptionName)}`;
}

function parse<S extends z.ZodType>(schema: S, binding: Binding): z.infer<S> {
  const result = schema.safeParse(binding);
  if (result.success) return result.data;
  throw new Error(result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}
