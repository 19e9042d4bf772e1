// What the tests of jobs have in common: pools of one node each, so that many can run at once on one stack, and a look at the world.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchServiceModels } from '@azure/batch';
import { z } from 'zod';
import { addPool, jobReached, planJob, readMarks, type MarkedJob } from '../e2e/marked-job.js';
import type { SharedStack } from '../e2e/shared-stack.js';
import { eventually } from '../helpers/eventually.js';

/** Everything here runs beside much else: only a hang takes so long. */
const withinMs = 100_000;
const lookEveryMs = 150;

export const hold = (name: string): string => `touch $M/${name}-began; until test -e $M/${name}; do sleep 0.05; done`;

const refusalSchema = z.object({
  statusCode: z.number(),
  code: z.string(),
  body: z.object({ values: z.array(z.object({ key: z.string(), value: z.string() })).optional() }).optional(),
});

export function createJobsWorld(stack: () => SharedStack) {
  const client = () => stack().client();
  const until = <T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> =>
    eventually(what, look, withinMs, lookEveryMs);
  const world = {
    client,
    until,
    plan: (jobId: string, poolId: string, tasks = 1): MarkedJob => planJob(stack().directory, { jobId, poolId, tasks }),
    /** A pool of one idle node, whose id is answered. */
    async poolOfOne(poolId: string, slots = 1): Promise<string> {
      const [nodeId = ''] = await addPool(client, poolId, 1, slots);
      return nodeId;
    },
    /** Lets whatever holds at `name` go on. */
    release: (job: MarkedJob, name: string): void => writeFileSync(join(job.directory, name), ''),
    begun: (job: MarkedJob, name: string) =>
      until(`the beginning of ${name}`, () => existsSync(join(job.directory, `${name}-began`))),
    /** How often each command of the job ran, by its name without the node. */
    counts(job: MarkedJob): Record<string, number> {
      const counts: Record<string, number> = {};
      for (const [name, lines] of Object.entries(readMarks(job).runs)) {
        const command = name.split('.')[0] ?? name;
        counts[command] = (counts[command] ?? 0) + lines.length;
      }
      return counts;
    },
    reached: (job: Pick<MarkedJob, 'jobId'>, state: BatchServiceModels.JobState) =>
      jobReached(client, job, state, withinMs),
    gone: ({ jobId }: Pick<MarkedJob, 'jobId'>) =>
      until(`the end of job ${jobId}`, () => stack().isAbsent(client().job.get(jobId))),
    taskReached: (job: MarkedJob, taskId: string, state: BatchServiceModels.TaskState) =>
      until(`task ${job.jobId}/${taskId} in state ${state}`, async () => {
        const task = await client().task.get(job.jobId, taskId);
        return task.state === state ? task : undefined;
      }),
    /** The entry of the job's only node in the list of preparation and release status. */
    async status({ jobId }: MarkedJob) {
      const [entry] = await client().job.listPreparationAndReleaseTaskStatus(jobId);
      return {
        preparation: entry?.jobPreparationTaskExecutionInfo,
        release: entry?.jobReleaseTaskExecutionInfo,
      };
    },
    /** Status and code of what the client throws. Fails when it does not. */
    refusalOf: (answer: Promise<unknown>): Promise<{ statusCode: number; code: string }> =>
      answer.then(
        (given) => {
          throw new Error('It was accepted.', { cause: given });
        },
        (error: unknown) => {
          const { statusCode, code } = refusalSchema.parse(error);
          return { statusCode, code };
        },
      ),
    /** A request that the client has no method or parameter for. */
    async send(method: 'POST' | 'DELETE' | 'GET', target: string): Promise<number> {
      const url = `${client().batchUrl}${target}${target.includes('?') ? '&' : '?'}api-version=2022-10-01.16.0`;
      return (await client().sendRequest({ method, url, headers: {} })).status;
    },
  };
  return world;
}
