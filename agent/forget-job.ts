// Removes what a job left on this node, once nothing of it runs. Interrupted anywhere, it can be done again.
import type { AgentContext } from './agent-context.js';
import { graceMs, killTree } from './kill-tree.js';
import type { ForgottenJob } from './node-record.js';
import { jobMarker } from './run-record.js';

// Output that could not be sent by then goes with the job.
const lastUploadsMs = 10_000;

/** Ends the services its preparation left, removes its folder and its runs. Only when all its runs have ended. */
export async function forgetJob(agent: AgentContext, job: ForgottenJob): Promise<void> {
  const { journal, disk, processes, log, stop } = agent;
  const target = { kind: 'job', marker: jobMarker(job.incarnation, agent.identity.nodeId) } as const;
  await killTree(agent, [target], { graceMs, signal: stop });
  const runs = [...journal.runs.values()];
  const own = runs.filter((run) => run.incarnation === job.incarnation);
  // A job added again under the same id has the same folder; what of it has not started waits for this to be done.
  const isShared = runs.some(
    (run) =>
      run.incarnation !== job.incarnation && run.jobDirectory === job.jobDirectory && run.state.name !== 'accepted',
  );
  await agent.logs.flush(lastUploadsMs, job.incarnation);
  if (!isShared) {
    await disk.removeDirectory(job.jobDirectory);
    const parent = job.jobDirectory.split('/').slice(0, -1).join('/');
    if (parent.includes('/')) await disk.removeEmptyDirectory(parent);
  }
  for (const run of own) await processes.forget(run.runId);
  const kills = [...journal.earlyKills.values()].filter((kill) => kill.incarnation === job.incarnation);
  const folders = [...journal.keptFolders.values()].filter((folder) => folder.incarnation === job.incarnation);
  await journal.removeRuns(own.map((run) => run.runId));
  await journal.removeEarlyKills(kills.map((kill) => kill.runId));
  const uploads = [...journal.logUploads.values()].filter((upload) => upload.incarnation === job.incarnation);
  await journal.removeLogUploads(uploads.map((upload) => upload.runId));
  await journal.removeLogTargets([job.incarnation]);
  await journal.removeKeptFolders(folders.map((folder) => folder.directory));
  await journal.save({ forgottenJobs: [{ ...job, isDone: true }] });
  log.info('job was forgotten', { jobDirectory: job.jobDirectory, runs: own.length });
}
