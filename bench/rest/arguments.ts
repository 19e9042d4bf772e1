// What `npm run bench:rest` is asked. Pure.
import { parseArgs } from 'node:util';

export const restUsage = `npm run bench:rest [-- --sizes 1000,10000,50000] [--json]

Adds so many tasks in collections of 100 through @azure/batch, lists them back, and tells tasks a second and the peak memory of the host.
  --sizes  numbers of tasks, each on a stack of its own; 1000,10000,50000 by default
  --json   the result as JSON on stdout
`;

export type RestArguments =
  | { readonly kind: 'run'; readonly sizes: readonly number[]; readonly isJson: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'fault'; readonly message: string };

export function parseRestArguments(args: readonly string[]): RestArguments {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        sizes: { type: 'string', default: '1000,10000,50000' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    const sizes = values.sizes.split(',').map(Number);
    const isUsable = sizes.every((size) => Number.isInteger(size) && size >= 100 && size <= 1_000_000);
    return isUsable
      ? { kind: 'run', sizes, isJson: values.json }
      : { kind: 'fault', message: `'${values.sizes}' is no list of numbers from 100 to 1,000,000` };
  } catch (error) {
    return { kind: 'fault', message: error instanceof Error ? error.message : String(error) };
  }
}
