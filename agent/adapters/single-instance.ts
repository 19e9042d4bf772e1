// One agent per state directory: the kernel gives a name to one process at a time and takes it back when that dies.
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { delay, type Clock } from '../../shared/clock.js';

/** Resolves with true once this process is the only agent of `stateDirectory`; false when another still is after `waitMs`. */
export async function becomeOnlyAgent(stateDirectory: string, clock: Clock, waitMs: number): Promise<boolean> {
  const digest = createHash('sha256').update(realpathSync(stateDirectory)).digest('hex').slice(0, 40);
  const startMs = clock.monotonicMs();
  for (;;) {
    if (await holdName(`\0bookend-agent-${digest}`)) return true;
    if (clock.monotonicMs() - startMs >= waitMs) return false;
    await delay(clock, 100);
  }
}

function holdName(name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(name, () => {
      server.unref();
      resolve(true);
    });
  });
}
