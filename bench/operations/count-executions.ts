// Counts function executions through the programming model's own hook, in whatever process the functions host runs.
// Has everything that a function does be counted as done by it.
import { createRequire } from 'node:module';
import type * as functions from '@azure/functions';
import { invocation, type Count } from './counter.js';
import { labelOf } from './message-label.js';

// The host says under this name that it is there; before that the programming model must not be loaded.
const hostKey = Symbol.for('bookend.functions-host.core');

export function countExecutions(count: Count): void {
  let host: unknown;
  Object.defineProperty(globalThis, hostKey, {
    configurable: true,
    get: () => host,
    set(value: unknown) {
      host = value;
      const { app }: typeof functions = createRequire(import.meta.url)('@azure/functions');
      app.hook.preInvocation((context) => watch(context, count));
    },
  });
}

function watch(context: functions.PreInvocationContext, count: Count): void {
  const { functionName, options } = context.invocationContext;
  const { type } = options.trigger;
  const method: unknown = type === 'httpTrigger' ? Reflect.get(Object(context.inputs[0]), 'method') : undefined;
  const isRead = method === 'GET' || method === 'HEAD';
  const what =
    typeof method === 'string' ? `http ${method}` : causeOf(context.inputs[0]) || type.replace(/Trigger$/, '');
  const handler = context.functionHandler;
  const by = typeof method === 'string' ? functionName : `${functionName} < ${what}`;
  context.functionHandler = (...inputs) => invocation.run({ by, isRead }, () => handler(...inputs));
  count({ kind: 'execution', at: functionName, what, isApart: isRead });
}

/** What the messages of a batch are about, each sort once; nothing for a timer. */
function causeOf(input: unknown): string {
  const labels = (Array.isArray(input) ? input : [input]).map(labelOf).filter((label) => label !== 'other');
  return [...new Set(labels)].sort().join('; ');
}
