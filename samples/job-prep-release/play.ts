// The article's JobPrepRelease sample from beginning to end, through the Batch client alone; prints what the article's prints.
// Knows no Bookend: any Batch endpoint can answer.
import type { BatchServiceClient } from './connect.js';
import { createJob, deleteJob, printStatus, runTasks, terminateJob } from './job.js';
import { createPool, deletePool, printSharedFiles } from './pool.js';
import { articleOptions, type SampleOptions } from './scene.js';
import type { SampleIo } from './terminal.js';

/**
 * Plays the sample. Rejects, after trying to delete the job and the pool that it had created itself, when a step fails;
 * the message names what was attempted and what was found.
 */
export async function playSample(
  client: BatchServiceClient,
  io: SampleIo,
  options: SampleOptions = articleOptions,
): Promise<void> {
  const scene = { client, io, options };
  const created = { pool: false, job: false };
  try {
    created.pool = await createPool(scene);
    await createJob(scene);
    created.job = true;
    await runTasks(scene);
    await printSharedFiles(scene);
    await terminateJob(scene);
    await printStatus(scene);
    io.print('');
    if (await io.ask('Delete job? [yes] no', options.answers.deleteJob)) await deleteJob(scene);
    if (await io.ask('Delete pool? [yes] no', options.answers.deletePool)) await deletePool(scene);
    io.print('');
    io.print('Sample complete, hit ENTER to exit...');
    await io.pause();
  } catch (error) {
    if (options.signal?.aborted !== true || options.cleansUpWhenInterrupted) {
      // The interrupted signal would end these requests too.
      const cleaning = { client, io, options: withoutSignal(options) };
      // What failed first is the news; that the rest could not be deleted follows from it more often than not.
      if (created.job) await deleteJob(cleaning).catch(() => undefined);
      if (created.pool && options.answers.deletePool !== false) await deletePool(cleaning).catch(() => undefined);
    }
    throw error;
  }
}

function withoutSignal({ signal: _, ...options }: SampleOptions): SampleOptions {
  return options;
}
