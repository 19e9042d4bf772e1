// What became of each operation of an @azure/batch client, by the name that the other clients give it too: `pool.enable_auto_scale`.
import type { BatchServiceClient } from '@azure/batch';
import { z } from 'zod';

/** By operation: `ok`, and the codes (without one, the statuses) that it met. An operation that nobody called has none. */
export type Outcomes = ReadonlyMap<string, ReadonlySet<string>>;

const thrownSchema = z.object({ code: z.string().optional(), statusCode: z.number().optional() });

/** Watches every method of every operation group that the client has, found by reflection; `listNext` counts as its list. */
export function watchOutcomes(client: BatchServiceClient): Outcomes {
  const outcomes = new Map<string, Set<string>>();
  for (const [group, operations] of Object.entries(client) as [string, unknown][]) {
    if (!isOperationGroup(operations)) continue;
    const prototype = Object.getPrototypeOf(operations) as object;
    for (const method of Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor')) {
      const name = `${toSnake(group)}.${toSnake(method.replace(/(?<=.)Method$|(?<=.)Next$/, ''))}`;
      const met = outcomes.get(name) ?? new Set();
      outcomes.set(name, met);
      const call = operations[method];
      if (typeof call !== 'function') continue;
      operations[method] = (...given: unknown[]): Promise<unknown> =>
        (Reflect.apply(call, operations, given) as Promise<unknown>).then(
          (answer) => {
            met.add('ok');
            return answer;
          },
          (error: unknown) => {
            const { code, statusCode } = thrownSchema.parse(error);
            met.add(code ?? String(statusCode));
            throw error;
          },
        );
    }
  }
  return outcomes;
}

function isOperationGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && value.constructor.name !== 'Object' && 'client' in value;
}

function toSnake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
