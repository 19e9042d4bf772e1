// A state directory in memory.
import type { Disk } from '../../agent/disk.js';

export function memoryState(): Pick<Disk, 'readState' | 'writeState'> & { readonly files: Map<string, string> } {
  const files = new Map<string, string>();
  return {
    files,
    readState: (name) => Promise.resolve(files.get(name)),
    writeState: (written) => Promise.resolve(written.forEach(({ name, text }) => files.set(name, text))),
  };
}
