// The environment of a run: what Batch sets for every task, what the user set, and nothing of the agent's own.
// https://learn.microsoft.com/azure/batch/batch-compute-node-environment-variables
import { defaultReservedDiskBytes } from './disk-watch.js';
import type { Identity } from './identity.js';
import { markerNames } from './processes.js';
import { jobMarker, type RunRecord } from './run-record.js';
import { taskPaths } from './task-paths.js';
import { identityName, poolNonadmin, type RunUser } from './users.js';
import type { EnvironmentSetting, UserIdentity } from '../shared/tasks/run-definition.js';

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** All variables of `run`. Users' settings win over HOME, PATH and the like, the service's own AZ_BATCH_* win over users'. */
export function environmentOf(
  run: RunRecord,
  settings: readonly EnvironmentSetting[],
  identity: Identity,
  given: { readonly userIdentity?: UserIdentity | undefined; readonly user?: RunUser | undefined } = {},
): Record<string, string> {
  const root = identity.rootDirectory;
  const paths = taskPaths(run.jobDirectory, run.taskId);
  const working = `${root}/${paths.working}`;
  // No account belongs to the number.
  const userName = given.user === undefined ? identity.userName : `bookend-${given.user.uid}`;
  const comfort = {
    HOME: working,
    PATH: `${systemPath}:${root}/shared:${working}`,
    USER: userName,
  };
  // A name with '=' would become another variable's value.
  const named = settings.filter(({ name }) => name !== '' && !/[=\0]/.test(name));
  const users = Object.fromEntries(named.map(({ name, value }) => [name, value ?? '']));
  const service = {
    PWD: working,
    AZ_BATCH_ACCOUNT_NAME: identity.accountName,
    AZ_BATCH_ACCOUNT_URL: identity.accountUrl,
    AZ_BATCH_POOL_ID: identity.poolId,
    AZ_BATCH_NODE_ID: identity.nodeId,
    AZ_BATCH_NODE_IS_DEDICATED: 'true',
    [markerNames.node]: root,
    AZ_BATCH_NODE_SHARED_DIR: `${root}/shared`,
    AZ_BATCH_NODE_STARTUP_DIR: `${root}/startup`,
    AZ_BATCH_NODE_MOUNTS_DIR: `${root}/fsmounts`,
    // A start task is of no job.
    ...(run.kind === 'startTask' ? {} : { AZ_BATCH_JOB_ID: run.jobId, AZ_BATCH_TASK_ID: run.taskId }),
    AZ_BATCH_TASK_DIR: `${root}/${paths.task}`,
    AZ_BATCH_TASK_WORKING_DIR: working,
    AZ_BATCH_CERTIFICATES_DIR: `${root}/${paths.certificates}`,
    AZ_BATCH_TASK_RESERVED_EPHEMERAL_DISK_SPACE_BYTES: String(identity.reservedDiskBytes ?? defaultReservedDiskBytes),
    AZ_BATCH_TASK_USER: userName,
    AZ_BATCH_TASK_USER_IDENTITY: identityName(given.userIdentity ?? poolNonadmin),
    ...preparationDirectories(run, root),
    [markerNames.run]: run.runId,
    [markerNames.job]: jobMarker(run.incarnation, identity.nodeId),
  };
  return { ...comfort, ...users, ...service };
}

function preparationDirectories(run: RunRecord, root: string): Record<string, string> {
  if (run.kind === 'preparation' || run.preparationTaskId === undefined) return {};
  const paths = taskPaths(run.jobDirectory, run.preparationTaskId);
  return {
    AZ_BATCH_JOB_PREP_DIR: `${root}/${paths.task}`,
    AZ_BATCH_JOB_PREP_WORKING_DIR: `${root}/${paths.working}`,
  };
}
