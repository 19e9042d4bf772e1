// Tells a living process from a dead one whose number was given to another. Reads /proc; knows no program.
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A process for good: its number, when it started (clock ticks since boot) and which boot that was. Numbers are reused, the three together are not. */
export const processIdentitySchema = z.object({
  pid: z.int().positive(),
  startTicks: z.string(),
  bootId: z.string(),
});
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

/** The identity of `pid`, undefined when no such process lives. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name stands in parentheses and may hold blanks and parentheses; field 3 follows the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // A zombie holds nothing any more.
    if (fields[0] === 'Z') return undefined;
    return { pid, startTicks: fields[19] ?? '', bootId };
  } catch {
    // No such process, which is the answer.
    return undefined;
  }
}

/** Whether exactly this process still lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  const found = identifyProcess(identity.pid);
  return found !== undefined && found.startTicks === identity.startTicks && found.bootId === identity.bootId;
}
