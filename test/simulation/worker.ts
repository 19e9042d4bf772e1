// A process that does pieces of the suite, one after the other, as its parent asks. With `--mutant NAME` the product's modules are patched first.
import { register } from 'node:module';
import { mutantNamed } from './mutants/mutants.js';
import type { Job } from './runs/jobs.js';

const [flag, name] = process.argv.slice(2);
if (flag === '--mutant' && name !== undefined) {
  register('./mutants/patch-hooks.js', { parentURL: import.meta.url, data: mutantNamed(name).patches ?? [] });
}
// Loaded only now, so that the patches are in it.
const { doJob } = await import('./runs/jobs.js');

// Nobody asks any more.
process.on('disconnect', () => process.exit(0));
process.on('message', (job) => {
  doJob(job as Job).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      process.exit(1);
    },
  );
});
