// Which functions share a process: as Azure's Flex Consumption plan scales them, all HTTP functions together, every other alone. Pure.
import { isHttpFunction, type FunctionMetadata } from '../app/triggers.js';

export type FunctionGroup = { readonly name: string; readonly functions: readonly string[] };

/** The HTTP group (which may be empty: it also answers admin calls) and a group for each other function. */
export function groupFunctions(functions: readonly FunctionMetadata[]): {
  http: FunctionGroup;
  others: readonly FunctionGroup[];
} {
  const named = (all: readonly FunctionMetadata[]): string[] => all.map(({ name }) => name);
  return {
    http: { name: 'http', functions: named(functions.filter(isHttpFunction)) },
    others: functions
      .filter((one) => !isHttpFunction(one))
      .map(({ name }) => ({ name: `function:${name}`, functions: [name] })),
  };
}
