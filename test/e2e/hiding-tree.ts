// A task whose processes hide: in sessions of their own, deaf to SIGTERM, without an environment to be known by.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MarkedJob } from './marked-job.js';

const note = 'echo $$ >> $M/pids';
const each = [
  note,
  // In a session of its own.
  `(setsid /bin/sh -c "M=$M; echo \\$\\$ >> $M/pids; sleep 1000") &`,
  // Deaf, and begun by a shell that is deaf as well.
  `(trap "" TERM; /bin/sh -c "echo \\$\\$ >> $M/pids; while :; do sleep 1; done") &`,
  // Both, and without an environment.
  `(trap "" TERM; setsid /bin/sh -c "echo \\$\\$ >> $M/pids; exec env -i sleep 1000") &`,
];
const processesPerTask = each.length;

/** Shell lines of the task; `$M` is the directory with the marks. */
export const hidingTree = `${each[0]}; ${each.slice(1).join(' ')} wait`;

/** The numbers of all processes of `tasks` such tasks, once all have told theirs. */
export function pidsOf({ directory }: MarkedJob, tasks: number): number[] | undefined {
  const path = join(directory, 'pids');
  const pids = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').map(Number) : [];
  return pids.length === tasks * processesPerTask ? pids : undefined;
}
