// What the lifecycle tests of attempts, users and logs ask of the stack beside what its client can say.
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import type { SharedStack } from '../e2e/shared-stack.js';
import { eventually } from '../helpers/eventually.js';

const attemptSchema = z.looseObject({
  attempt: z.number(),
  retryCount: z.number(),
  state: z.string(),
  result: z.string().optional(),
  exitCode: z.number().optional(),
  signal: z.string().optional(),
  startTime: z.string(),
  endTime: z.string().optional(),
  stdoutUrl: z.string().optional(),
});
const attemptsSchema = z.object({
  value: z.array(
    z.looseObject({
      nodeId: z.string(),
      jobPreparationTaskAttempts: z.array(attemptSchema),
      jobReleaseTaskAttempts: z.array(attemptSchema),
      jobReleaseTaskWaiver: z.object({ reason: z.string(), time: z.string() }).optional(),
    }),
  ),
});
export type NodeAttempts = z.infer<typeof attemptsSchema>['value'][number];

/** A command line that runs `script`, which has no single quotes. */
export function sh(script: string): string {
  if (script.includes("'")) throw new Error('The script stands in single quotes');
  return `/bin/sh -c '${script}'`;
}

export async function get(
  stack: SharedStack,
  url: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await stack.client().sendRequest({
    method: 'GET',
    url: `${url}${url.includes('?') ? '&' : '?'}api-version=2022-10-01.16.0`,
  });
  return { status: answer.status, text: answer.bodyAsText ?? '' };
}

/** What the job's attempts were on each node. */
export async function attemptsOf(stack: SharedStack, jobId: string): Promise<readonly NodeAttempts[]> {
  const baseUrl = stack.client().batchUrl;
  const { text } = await get(stack, `${baseUrl}/jobs/${jobId}/jobpreparationandreleasetaskattempts`);
  return attemptsSchema.parse(JSON.parse(text)).value;
}

/** A pool of `nodes` idle nodes; answers their ids. */
export async function addPool(
  stack: SharedStack,
  id: string,
  given: { readonly nodes?: number; readonly slots?: number } = {},
): Promise<readonly string[]> {
  const { nodes = 1, slots = 1 } = given;
  const client = stack.client();
  await client.pool.add({ id, vmSize: 'local', targetDedicatedNodes: nodes, taskSlotsPerNode: slots });
  return eventually(
    `the nodes of pool ${id}`,
    async () => {
      const listed = await client.computeNode.list(id);
      const idle = listed.filter(({ state }) => state === 'idle').map((node) => node.id ?? '');
      return idle.length === nodes && idle;
    },
    60_000,
    100,
  );
}

export function taskCompleted(stack: SharedStack, jobId: string, taskId: string): Promise<true> {
  return eventually(
    `the end of task ${taskId}`,
    async () => (await stack.client().task.get(jobId, taskId)).state === 'completed' || undefined,
    60_000,
    50,
  ) as Promise<true>;
}

export async function endJob(stack: SharedStack, jobId: string): Promise<void> {
  const client = stack.client();
  await client.job.terminate(jobId);
  await eventually('the end of the job', async () => (await client.job.get(jobId)).state === 'completed', 60_000, 50);
}

export async function textOf(answer: Promise<{ readableStreamBody?: NodeJS.ReadableStream }>): Promise<string> {
  const { readableStreamBody } = await answer;
  return readableStreamBody === undefined ? '' : (await buffer(readableStreamBody)).toString('utf8');
}
