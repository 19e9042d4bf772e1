// The output of runs that was kept in their job's container, seen as the files of the node it came from: what a node cannot show any more,
// as it is gone, or as the folder was removed after its retention time.
import type { ListedBlob } from '../blobs/blobs.js';
import { BatchError } from '../errors.js';
import { ownersOf, taskDirectory } from '../jobs/job-directory.js';
import { jobContainerName, keptLogPrefix, parseKeptLogName, type KeptLog } from '../jobs/job-container.js';
import { loadJob } from '../jobs/read-jobs.js';
import type { NodeFile } from '../nodes/node-messages.js';
import type { Services } from '../services.js';

type Place = { readonly poolId: string; readonly nodeId: string };

/** A kept output, under the name that it has on the node. */
export type KeptFile = { readonly file: NodeFile; readonly container: string; readonly blob: string };

/** The kept output at `path` below the root of a node; undefined when none is kept. */
export async function findKeptFile(
  services: Pick<Services, 'table' | 'containers'>,
  place: Place,
  path: string,
): Promise<KeptFile | undefined> {
  const directory = path.split('/').slice(0, -1).join('/');
  return (await listKeptFiles(services, place, directory)).find(({ file }) => file.name === path);
}

/**
 * The kept outputs of the folder of a task, preparation or release: the newest try's as `stdout.txt` and `stderr.txt`, and those of every
 * try as `stdout.<attempt>.<retry>.txt`. None for any other folder.
 */
export async function listKeptFiles(
  services: Pick<Services, 'table' | 'containers'>,
  { poolId, nodeId }: Place,
  directory: string,
): Promise<readonly KeptFile[]> {
  for (const owner of ownersOf(directory)) {
    const found = await listKeptOf(services, { poolId, nodeId }, owner);
    if (found.length > 0) return found;
  }
  return [];
}

async function listKeptOf(
  services: Pick<Services, 'table' | 'containers'>,
  { poolId, nodeId }: Place,
  { jobId, taskId }: { readonly jobId: string; readonly taskId: string },
): Promise<readonly KeptFile[]> {
  const job = await loadJob(services, jobId).catch(unlessNotFound);
  if (job?.definition.poolId.toLowerCase() !== poolId.toLowerCase()) return [];
  const container = jobContainerName(job.definition.id);
  const prefix = keptLogPrefix({ incarnation: job.incarnation, taskId, nodeId });
  const kept = (await services.containers.list(container, prefix)).flatMap((blob) => {
    const log = parseKeptLogName(blob.name);
    return log === undefined ? [] : [{ blob, log }];
  });
  const newest = kept.reduce<KeptLog | undefined>(
    (best, { log }) => (best === undefined || isNewer(log, best) ? log : best),
    undefined,
  );
  const folder = taskDirectory(jobId, taskId);
  return kept.flatMap(({ blob, log }) => {
    const isNewest = log.attempt === newest?.attempt && log.retry === newest.retry;
    const names = [...(isNewest ? [`${log.stream}.txt`] : []), `${log.stream}.${log.attempt}.${log.retry}.txt`];
    return names.map((name) => ({ file: toNodeFile(`${folder}/${name}`, blob), container, blob: blob.name }));
  });
}

const isNewer = (one: KeptLog, other: KeptLog): boolean =>
  one.attempt > other.attempt || (one.attempt === other.attempt && one.retry > other.retry);

function toNodeFile(name: string, { sizeBytes, modified }: ListedBlob): NodeFile {
  return { name, isDirectory: false, sizeBytes, lastModified: modified.toISOString() };
}

function unlessNotFound(error: unknown): undefined {
  if (error instanceof BatchError && error.code === 'JobNotFound') return undefined;
  throw error;
}
