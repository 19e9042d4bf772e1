// What the tests of tasks have in common: commands that leave marks, wait for a sign, and show in which order they ran.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { BatchServiceModels } from '@azure/batch';
import type { BatchServiceClient } from '../../samples/job-prep-release/connect.js';
import { eventually } from '../helpers/eventually.js';

type TaskAdd = BatchServiceModels.TaskAddParameter;
const lookEveryMs = 100;

/** A job whose commands leave a line each in one file, in the order in which they began. */
export type Play = {
  readonly jobId: string;
  readonly directory: string;
  /** A task that notes its id and ends, with `script` in between. */
  task(id: string, more?: Partial<TaskAdd>, script?: string): TaskAdd;
  /** A task that notes its id and then waits until it is let go. */
  held(id: string, more?: Partial<TaskAdd>): TaskAdd;
  letGo(id: string): void;
  /** The ids that were noted. */
  order(): readonly string[];
  begun(...ids: readonly string[]): Promise<void>;
};

export function createPlay(below: string, jobId: string): Play {
  const directory = join(below, `play-${jobId}`);
  mkdirSync(directory, { recursive: true });
  const notes = join(directory, 'order');
  const order = (): readonly string[] => (existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n') : []);
  const task: Play['task'] = (id, more, script = ':') => ({
    id,
    commandLine: `/bin/sh -c 'echo ${id} >> ${notes}; ${script}'`,
    ...more,
  });
  return {
    jobId,
    directory,
    task,
    held: (id, more) =>
      task(id, more, `while [ ! -e ${directory}/go-${id} ]; do sleep 0.1; done; echo -${id} >> ${notes}`),
    letGo: (id) => writeFileSync(join(directory, `go-${id}`), ''),
    order,
    begun: async (...ids) =>
      void (await eventually(`the start of ${ids.join(', ')}`, () => ids.every((id) => order().includes(id)), 60_000)),
  };
}

/** The task once it is in this state. */
export async function taskReached(
  client: BatchServiceClient,
  jobId: string,
  taskId: string,
  state: BatchServiceModels.TaskState,
): Promise<BatchServiceModels.TaskGetResponse> {
  return eventually(
    `task ${taskId} of job ${jobId} in state ${state}`,
    async () => {
      const task = await client.task.get(jobId, taskId);
      return task.state === state ? task : undefined;
    },
    60_000,
    lookEveryMs,
  );
}

/** Ids of the job's tasks by state. */
export async function statesOf(client: BatchServiceClient, jobId: string): Promise<Record<string, string | undefined>> {
  const tasks = await client.task.list(jobId);
  return Object.fromEntries(tasks.map(({ id = '', state }) => [id, state]));
}

const answerSchema = z.record(z.string(), z.unknown());
export type RawAnswer = {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  header(name: string): string | undefined;
};

/** A request that the client signs and sends as it is. */
export async function send(
  client: BatchServiceClient,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<RawAnswer> {
  const { batchUrl } = client;
  const answer = await client.sendRequest({
    method,
    url: `${batchUrl}${path}?api-version=2022-10-01.16.0`,
    headers,
    disableJsonStringifyOnBody: true,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = answer.bodyAsText ?? '';
  return {
    status: answer.status,
    body: text === '' ? {} : answerSchema.parse(JSON.parse(text)),
    header: (name) => answer.headers.get(name),
  };
}
