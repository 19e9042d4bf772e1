// Finds every process that has to do with a directory: started with a path below it, told of one, or at work in one.
// So what a stack or a task left behind is found wherever it hid, whoever its parent is by now.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export type FoundProcess = { readonly pid: number; readonly command: string };

/** The living processes of `directory`, this one apart. Reads /proc. */
export function processesOf(directory: string): readonly FoundProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .flatMap((pid) => {
      const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
      const told = `${command}\n${read(`/proc/${pid}/environ`)}\n${link(`/proc/${pid}/cwd`)}`;
      // A zombie has none of the three.
      return told.includes(directory) ? [{ pid, command }] : [];
    });
}

/** Those of them that are no programs of the project: what tasks started. */
export function taskProcessesOf(directory: string): readonly FoundProcess[] {
  return processesOf(directory).filter(({ command }) => !/(^|[/ ])dist\/\S+\.js( |$)/.test(command));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // It ended meanwhile.
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // It ended meanwhile.
  }
}
