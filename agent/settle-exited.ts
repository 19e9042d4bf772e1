// Before a boot is ended on purpose: runs whose command has ended by itself, but whose end was not journaled yet, end as they did. After the
// first signal nobody could tell a code of theirs from one that the signal made.
import type { AgentWorld } from './agent-context.js';
import type { NodeTime } from './instant.js';
import type { Journal } from './journal.js';
import { toKeptFolder } from './kept-folder.js';
import { toLogUpload } from './kept-log.js';
import { decideAfterTry } from './run-decisions.js';
import { untilDone } from './waiting.js';

/** Rejects with the reason of `stop` when it takes too long; what is left then counts as lost, and is run again. */
export async function settleExited(
  agent: AgentWorld & { readonly time: NodeTime; readonly journal: Journal },
  stop: AbortSignal,
): Promise<void> {
  const { journal, processes, time } = agent;
  const trying = { ...agent, stop, what: 'ends before a shutdown' };
  for (const run of [...journal.pending.values()]) {
    const { state } = run;
    if (state.name !== 'running') continue;
    const look = await untilDone(() => processes.look({ runId: run.runId, number: state.tryNumber }), trying);
    const after = look.state === 'exited' ? decideAfterTry(state, look, time.now()) : undefined;
    if (after?.next !== 'end') continue;
    const ended = { ...run, state: after.state };
    const [folder, upload] = [toKeptFolder(ended), toLogUpload(run, after.state)];
    const keptFolders = folder === undefined ? [] : [folder];
    const logUploads = upload === undefined ? [] : [upload];
    await untilDone(() => journal.save({ runs: [ended], keptFolders, logUploads }), trying);
  }
}
