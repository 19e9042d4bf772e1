// What `npm run bench:rest` is asked. Pure.
import { parseArgs } from 'node:util';

export const restUsage = `npm run bench:rest [-- --sizes 10000,50000] [--readers 8] [--json]

Adds so many tasks in collections of 100 through @azure/batch, lists them back, and tells tasks a second and the peak memory of the host.
Then several readers at once read a file of 300 MB of a task, in ranges of 64 MiB.
  --sizes  numbers of tasks, each on a stack of its own; 10000,50000 by default
  --readers  how many read the file; 8 by default, 0 leaves it out
  --json   the result as JSON on stdout
`;

export type RestArguments =
  | { readonly kind: 'run'; readonly sizes: readonly number[]; readonly readers: number; readonly isJson: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'fault'; readonly message: string };

export function parseRestArguments(args: readonly string[]): RestArguments {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        sizes: { type: 'string', default: '10000,50000' },
        readers: { type: 'string', default: '8' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    const sizes = values.sizes.split(',').map(Number);
    const isUsable = sizes.every((size) => Number.isInteger(size) && size >= 100 && size <= 1_000_000);
    if (!/^\d{1,2}$/.test(values.readers))
      return { kind: 'fault', message: `'${values.readers}' is no number of readers from 0 to 99` };
    return isUsable
      ? { kind: 'run', sizes, readers: Number(values.readers), isJson: values.json }
      : { kind: 'fault', message: `'${values.sizes}' is no list of numbers from 100 to 1,000,000` };
  } catch (error) {
    return { kind: 'fault', message: error instanceof Error ? error.message : String(error) };
  }
}
