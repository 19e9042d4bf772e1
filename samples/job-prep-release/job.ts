// The sample's job: created with its preparation and release, its tasks run, terminated, its status shown. Knows no pool but by name.
import { preparationCommandLine, releaseCommandLine, taskCommandLine } from './commands.js';
import type { Scene } from './scene.js';
import { change, request, waitFor } from './requests.js';

const deletionWithinMs = 60_000;

/** Adds the job. One that is just being deleted is waited for; any other of that id is somebody's, and the sample stops. */
export async function createJob(scene: Scene): Promise<void> {
  const { client, io, options } = scene;
  const { jobId, signal } = options;
  io.print(`Checking for existing job ${jobId}...`);
  const state = await waitFor({
    what: `the deletion of an earlier job ${jobId}`,
    withinMs: deletionWithinMs,
    everyMs: options.pollEveryMs,
    ...(signal === undefined ? {} : { signal }),
    look: () => listedState(scene),
    isReached: (seen) => seen !== 'deleting',
    describe: (seen) => `state ${seen}`,
  });
  if (state !== undefined) {
    throw new Error(
      `The job ${jobId} already existed when we tried to create it (state ${state}). Delete it, then run the sample again`,
    );
  }
  io.print(`Job ${jobId} not found, creating...`);
  await change(
    `add job ${jobId}`,
    () =>
      client.job.add({
        id: jobId,
        poolInfo: { poolId: options.poolId },
        jobPreparationTask: { commandLine: preparationCommandLine },
        jobReleaseTask: { commandLine: releaseCommandLine },
      }),
    { codesOfDone: ['JobExists'], signal },
  );
}

/** Submits the tasks and waits until all are completed. Rejects when one of them failed. */
export async function runTasks({ client, io, options }: Scene): Promise<void> {
  const { jobId, taskCount, signal } = options;
  const tasks = Array.from({ length: taskCount }, (_, index) => ({
    id: `task${String(index + 1).padStart(3, '0')}`,
    commandLine: taskCommandLine,
  }));
  io.print('Submitting tasks and awaiting completion...');
  const added = await request(
    `add ${taskCount} tasks to job ${jobId}`,
    () => client.task.addCollection(jobId, tasks),
    signal,
  );
  // A request that was sent again finds the tasks of its first try.
  const refused = (added.value ?? []).filter(
    ({ status, error }) => status?.toLowerCase() !== 'success' && error?.code !== 'TaskExists',
  );
  if (refused.length > 0) {
    const found = refused.map(({ taskId, error }) => `${taskId} ${error?.code} ${error?.message?.value ?? ''}`);
    throw new Error(`Tried to add ${taskCount} tasks to job ${jobId}; found: ${found.join('; ')}`);
  }
  const completed = await waitFor({
    what: `${taskCount} tasks of job ${jobId} to be completed`,
    withinMs: options.tasksWithinMs,
    everyMs: options.pollEveryMs,
    ...(signal === undefined ? {} : { signal }),
    look: () =>
      request(
        `list the tasks of job ${jobId}`,
        () => client.task.list(jobId, { taskListOptions: { select: 'id,state,executionInfo' } }),
        signal,
      ),
    isReached: (seen) => seen.filter(({ state }) => state === 'completed').length >= taskCount,
    describe: (seen) => `${seen.filter(({ state }) => state === 'completed').length} of ${taskCount} tasks completed`,
    onLook: (found) => io.progress(found),
  });
  const failed = completed.filter(({ executionInfo }) => executionInfo?.exitCode !== 0);
  if (failed.length > 0) {
    const found = failed.map(
      ({ id, executionInfo }) => `${id} ${executionInfo?.failureInfo?.code ?? `exit code ${executionInfo?.exitCode}`}`,
    );
    throw new Error(`Ran the tasks of job ${jobId}; found: ${found.join('; ')}`);
  }
  io.print('All tasks completed.');
}

/** Terminates the job and waits until it is completed, that is until every release has ended. */
export async function terminateJob({ client, io, options }: Scene): Promise<void> {
  const { jobId, signal } = options;
  await change(`terminate job ${jobId}`, () => client.job.terminate(jobId), {
    codesOfDone: ['JobBeingTerminated', 'JobCompleted'],
    signal,
  });
  io.print(`Waiting for job ${jobId} to reach state Completed`);
  let dots = '..';
  await waitFor({
    what: `job ${jobId} to reach state completed`,
    withinMs: options.completedWithinMs,
    everyMs: options.pollEveryMs,
    ...(signal === undefined ? {} : { signal }),
    look: () =>
      request(`get job ${jobId}`, () => client.job.get(jobId, { jobGetOptions: { select: 'id,state' } }), signal),
    isReached: ({ state }) => state === 'completed',
    describe: ({ state }) => `state ${state}`,
    onLook: () => io.progress((dots += '.')),
  });
  io.print('...');
}

/** Prints what preparation and release came to, node by node. Rejects when one of them failed. */
export async function printStatus({ client, io, options }: Scene): Promise<void> {
  const { jobId, signal } = options;
  const listed = await request(
    `list the preparation and release status of job ${jobId}`,
    () => client.job.listPreparationAndReleaseTaskStatus(jobId),
    signal,
  );
  const perNode = [...listed].sort((a, b) => ((a.nodeId ?? '') < (b.nodeId ?? '') ? -1 : 1));
  for (const { nodeId, jobPreparationTaskExecutionInfo, jobReleaseTaskExecutionInfo } of perNode) {
    io.print('');
    io.print(`${nodeId}:`);
    if (jobPreparationTaskExecutionInfo)
      io.print(`  Prep task exit code:    ${jobPreparationTaskExecutionInfo.exitCode}`);
    if (jobReleaseTaskExecutionInfo) io.print(`  Release task exit code: ${jobReleaseTaskExecutionInfo.exitCode}`);
  }
  const infos = perNode.flatMap((each) => [each.jobPreparationTaskExecutionInfo, each.jobReleaseTaskExecutionInfo]);
  if (perNode.length === 0 || infos.some((info) => info?.exitCode !== 0)) {
    throw new Error(`Looked at the preparations and releases of job ${jobId}; found: not all of them succeeded`);
  }
}

/** Asks for the job's deletion; it goes by itself. */
export async function deleteJob({ client, options }: Scene): Promise<void> {
  await change(`delete job ${options.jobId}`, () => client.job.deleteMethod(options.jobId), {
    codesOfDone: ['JobBeingDeleted', 'JobNotFound'],
    signal: options.signal,
  });
}

async function listedState({ client, options }: Scene): Promise<string | undefined> {
  const jobs = await request(
    'list the jobs',
    () => client.job.list({ jobListOptions: { filter: `id eq '${options.jobId}'` } }),
    options.signal,
  );
  const found = jobs.find(({ id }) => id === options.jobId);
  return found === undefined ? undefined : (found.state ?? 'unknown');
}
