// Hands pieces of work to worker processes, one each at a time. A mutant gets a process of its own, whose modules are patched.
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { nothing, type Job, type JobResult } from './jobs.js';

const workerPath = fileURLToPath(new URL('../worker.js', import.meta.url));

/** Does all jobs on `width` processes; jobs that `onResult` answers are done as well. Rejects when a worker dies. */
export async function doAll(
  jobs: readonly Job[],
  width: number,
  onResult: (job: Job, result: JobResult) => readonly Job[],
): Promise<void> {
  const waiting = [...jobs];
  const lanes = Array.from({ length: width }, async () => {
    let worker: Worker | undefined;
    try {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        const mutant = job.kind === 'mutant' ? job.name : undefined;
        if (mutant !== undefined || worker === undefined) {
          worker?.end();
          worker = startWorker(mutant === undefined ? [] : ['--mutant', mutant]);
        }
        const result = await worker.ask(job).catch((error: unknown) => {
          // A mutant that cannot be planted any more does not stop the rest of the suite; it counts as alive.
          if (job.kind === 'mutant') return { ...nothing, mutant: { name: job.name, runs: 0 } };
          throw error;
        });
        waiting.unshift(...onResult(job, result));
        if (mutant !== undefined) {
          worker.end();
          worker = undefined;
        }
      }
    } finally {
      worker?.end();
    }
  });
  await Promise.all(lanes);
}

type Worker = { ask(job: Job): Promise<JobResult>; end(): void };

function startWorker(given: readonly string[]): Worker {
  const child: ChildProcess = fork(workerPath, [...given], { execArgv: ['--enable-source-maps'], stdio: 'inherit' });
  return {
    ask: (job) =>
      new Promise((resolve, reject) => {
        const onExit = (code: number | null): void => reject(new Error(`A worker ended with ${code ?? 'a signal'}`));
        child.once('exit', onExit);
        child.once('message', (result) => {
          child.off('exit', onExit);
          resolve(result as JobResult);
        });
        child.send(job);
      }),
    end() {
      child.removeAllListeners('exit');
      child.kill('SIGKILL');
    },
  };
}
