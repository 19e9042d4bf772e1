// What a starting agent does before it takes orders: finds its epoch, lays out the root, settles what an earlier epoch left behind.
import type { AgentWorld } from './agent-context.js';
import type { NodeTime } from './instant.js';
import type { Journal } from './journal.js';
import { decideJoin, imageMarkerSchema, type ImageMarker } from './join-decisions.js';
import { toKeptFolder } from './kept-folder.js';
import { toLogUpload } from './kept-log.js';
import { killTree } from './kill-tree.js';
import { decideLeftBehind } from './run-decisions.js';
import type { RunRecord } from './run-record.js';
import { imageMarkerPath, rootDirectories } from './task-paths.js';

export type Joining = AgentWorld & { readonly time: NodeTime; readonly journal: Journal; readonly stop: AbortSignal };

/** Resolves once the journal names the present epoch and holds no unfinished run of another. Interrupted, it is simply done again. */
export async function joinNode(joining: Joining): Promise<void> {
  const { journal, disk, ids, time, log } = joining;
  const before = journal.node();
  const joined = decideJoin({ node: before, marker: await readMarker(joining) }, time.now(), ids.uuid());
  const { epoch, imageEpoch, imageId } = joined.node;
  if (!joined.isSameEpoch) {
    // The runs first: should this be interrupted, the old epoch is found again and they are settled then.
    const settled = await settleLeftBehind(joining, before?.wasShutDown ?? true);
    const keptFolders = settled.map(toKeptFolder).filter((folder) => folder !== undefined);
    const logUploads = settled
      .map((run) => (run.state.name === 'ended' ? toLogUpload(run, run.state) : undefined))
      .filter((upload) => upload !== undefined);
    await journal.save({ runs: settled, keptFolders, logUploads });
    await journal.saveNode(joined.node);
  }
  await disk.makeDirectories([...rootDirectories]);
  const { taskUsers = 'self' } = joining.identity;
  if (taskUsers !== 'self') await disk.shareFolder('shared', taskUsers.first);
  if (!joined.isSameEpoch) {
    await disk.writeText(imageMarkerPath, JSON.stringify({ imageId, epoch } satisfies ImageMarker));
    await journal.updateNode((node) => ({ ...node, hasJoined: true }));
  }
  log.info('node joined', { epoch, imageEpoch, isSameEpoch: joined.isSameEpoch, isNewImage: joined.isNewImage });
}

async function settleLeftBehind(joining: Joining, wasShutDown: boolean): Promise<RunRecord[]> {
  const { journal, processes, time, stop } = joining;
  const unfinished = [...journal.pending.values()].filter((run) => run.state.name !== 'ended');
  // A try that was journaled but not begun must not begin now.
  for (const { runId, state } of unfinished)
    if (state.name === 'running') await processes.forbid({ runId, number: state.tryNumber });
  const runs = unfinished.map(
    ({ runId, state }) => ({ kind: 'run', runId, tries: state.name === 'running' ? state.tryNumber + 1 : 0 }) as const,
  );
  await killTree(joining, [{ kind: 'node' }, ...runs], { graceMs: 0, signal: stop });
  const settled: RunRecord[] = [];
  for (const run of unfinished) {
    const number = run.state.name === 'running' ? run.state.tryNumber : undefined;
    const look = number === undefined ? undefined : await processes.look({ runId: run.runId, number });
    settled.push({ ...run, state: decideLeftBehind(run, look, wasShutDown, time.now()) });
  }
  return settled;
}

async function readMarker({ disk, log }: Joining): Promise<ImageMarker | undefined> {
  const text = await disk.readText(imageMarkerPath);
  if (text === undefined) return undefined;
  try {
    return imageMarkerSchema.parse(JSON.parse(text));
  } catch (error) {
    // Tasks can write there; a marker that is none means an image that is not ours.
    log.warn('image marker was not readable', { error });
    return undefined;
  }
}
