// Peak resident memory of another process, as Linux keeps it.
import { readFile } from 'node:fs/promises';

/** In MiB, since the process began. Rejects when there is no such process. */
export async function peakMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? NaN) / 1024);
}
