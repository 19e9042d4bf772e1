// The container that belongs to a job by Batch's File Conventions, and where in it the kept logs of the job's runs stand.
// https://learn.microsoft.com/azure/batch/batch-task-output-file-conventions
import { createHash } from 'node:crypto';

const longestPlainId = 59;
const longestStart = 15;

/** The name of the job's container: `job-` and its id, or a shortened id with its SHA-1 where the id makes no container name. */
export function jobContainerName(jobId: string): string {
  const id = jobId.toLowerCase();
  const isPlain =
    id.length <= longestPlainId && /^[a-z0-9][a-z0-9-]*$/.test(id) && !id.endsWith('-') && !id.includes('--');
  if (isPlain) return `job-${id}`;
  const trim = (text: string): string => text.replace(/^-+|-+$/g, '');
  const start = trim(trim(id.replace(/[:_-]+/g, '-')).slice(0, longestStart)) || 'job';
  return `job-${start}-${createHash('sha1').update(id).digest('hex')}`;
}

/** One try of one run on one node: attempts count the orders of a run, retries the tries within one, from 0. */
export type KeptLog = {
  readonly stream: 'stdout' | 'stderr';
  readonly attempt: number;
  readonly retry: number;
};

export type LogOwner = {
  readonly incarnation: string;
  readonly taskId: string;
  readonly nodeId: string;
};

/** What the names of all kept logs of a task, preparation or release on one node start with: `<task id>/$TaskLog/…/`. */
export function keptLogPrefix({ incarnation, taskId, nodeId }: LogOwner): string {
  // A job id may be given again; what the job before has left in the container is not the new one's.
  return `${taskId}/$TaskLog/${incarnation.slice(0, 8)}/${nodeId}/`;
}

/** The blob that keeps one output of one try. */
export function keptLogName(owner: LogOwner, log: KeptLog): string {
  return `${keptLogPrefix(owner)}${log.stream}.${log.attempt}.${log.retry}.txt`;
}

/** Which output of which try a blob of that name keeps; undefined when it is none. */
export function parseKeptLogName(name: string): KeptLog | undefined {
  const [, stream, attempt, retry] = /(?:^|\/)(stdout|stderr)\.(\d+)\.(\d+)\.txt$/.exec(name) ?? [];
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  return { stream, attempt: Number(attempt), retry: Number(retry) };
}
