// Sends the output that one run has left to its job's container, under names that say which try of it wrote what.
import { keptLogName } from '../shared/jobs/job-container.js';
import type { AgentWorld } from './agent-context.js';
import type { OpenFile } from './disk.js';
import type { Journal } from './journal.js';
import { blobUrl, type LogUpload } from './kept-log.js';
import { listKeptOutputs } from './outputs.js';
import { taskPaths } from './task-paths.js';

/** Of a longer output the first and the last half of this are kept, and a line in between says how much is missing. */
export const largestLogBytes = 8 * 1024 * 1024;

type Sending = Pick<AgentWorld, 'disk' | 'downloads' | 'identity'> & { readonly journal: Journal };

/** Rejects when a part did not arrive; sending all of it again is fine. */
export async function sendLogs(sending: Sending, upload: LogUpload, containerUrl: string): Promise<void> {
  const { disk, downloads, identity } = sending;
  const paths = taskPaths(upload.jobDirectory, upload.taskId);
  const owner = { incarnation: upload.incarnation, taskId: upload.taskId, nodeId: identity.nodeId };
  const send = async (stream: 'stdout' | 'stderr', retry: number, file: OpenFile): Promise<void> => {
    const name = keptLogName(owner, { stream, attempt: upload.attempt, retry });
    await downloads.putBlob(blobUrl(containerUrl, name), await readBounded(file), 'text/plain; charset=utf-8');
  };
  for (const stream of ['stdout', 'stderr'] as const) {
    // Opened before the others are listed: it may be set aside meanwhile, and must not be missed by both looks.
    const file = await disk.open(paths[stream]);
    try {
      if (file !== undefined && !isOverwritten(sending.journal, upload)) await send(stream, upload.lastRetry, file);
    } finally {
      await file?.close();
    }
  }
  for (const { path, name, attempt, retry } of await listKeptOutputs(disk, paths)) {
    const file = attempt === upload.attempt ? await disk.open(path) : undefined;
    if (file === undefined) continue;
    try {
      await send(name.startsWith('stdout') ? 'stdout' : 'stderr', retry, file);
    } finally {
      await file.close();
    }
  }
}

/** Whether a later run of the same task writes the output now: then what this one wrote was set aside. */
function isOverwritten({ runs }: Journal, { jobDirectory, taskId, attempt }: LogUpload): boolean {
  for (const run of runs.values())
    if (run.jobDirectory === jobDirectory && run.taskId === taskId && run.attempt > attempt)
      if (run.state.name === 'running' || (run.state.name === 'ended' && run.state.startedAt !== undefined))
        return true;
  return false;
}

async function readBounded(file: OpenFile): Promise<Uint8Array> {
  const { sizeBytes } = file.facts;
  if (sizeBytes <= largestLogBytes) return file.read(0, sizeBytes);
  const half = largestLogBytes / 2;
  const note = `\n[${sizeBytes - 2 * half} bytes are left out here: of a long output, the first and the last ${half} bytes are kept]\n`;
  return Buffer.concat([await file.read(0, half), Buffer.from(note), await file.read(sizeBytes - half, half)]);
}
