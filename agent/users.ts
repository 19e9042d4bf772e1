// Which user of the machine a run has. Users are numbers of a range that is this node's alone; no account is made for them. Pure.
//
//   pool scope   one user for all such runs of the node.
//   task scope   a user of its own for each start of a task.
//   admin        root.
//   no range     every run has the agent's own user: an agent that is not root can have no other, and refuses to act as an admin.
// https://learn.microsoft.com/azure/batch/batch-user-accounts
import type { FailureInfo, UserIdentity } from '../shared/tasks/run-definition.js';
import { z } from 'zod';

/** Numbers of users, and of the groups of the same numbers. The first is the group that all runs share, the second the pool's user. */
export type UserRange = { readonly first: number; readonly last: number };

/** `'self'`: all runs have the agent's own user. */
export type TaskUsers = UserRange | 'self';

export const runUserSchema = z.object({ uid: z.int(), gid: z.int(), sharedGid: z.int() });
/** A user, its own group, and the group of all runs of the node. */
export type RunUser = z.infer<typeof runUserSchema>;

/** The group of all, the pool's user, and one task's. */
const leastUsers = 3;
const largestUser = 2 ** 32 - 2;

/** Reads `self` or `first-last`; undefined when it is neither, or no range of at least three numbers above root's. */
export function parseTaskUsers(text: string): TaskUsers | undefined {
  if (text === 'self') return text;
  const [, first = 0, last = 0] = (/^(\d{1,10})-(\d{1,10})$/.exec(text) ?? []).map(Number);
  const isRange = first > 0 && last <= largestUser && last - first + 1 >= leastUsers;
  return isRange ? { first, last } : undefined;
}

/** Whether another number has to be taken for a run of this identity. */
export function takesNumber({ autoUser }: UserIdentity, users: TaskUsers): boolean {
  return users !== 'self' && autoUser.scope === 'task' && autoUser.elevationLevel === 'nonadmin';
}

export type UserDecision =
  /** Undefined: the agent's own. */
  | { readonly outcome: 'user'; readonly user: RunUser | undefined }
  | { readonly outcome: 'refused'; readonly failure: FailureInfo };

const adminRefused: FailureInfo = {
  category: 'usererror',
  code: 'CommandLaunchFailed',
  message: 'The task asks for elevation level admin, which its node cannot give',
  details: [
    {
      name: 'Message',
      value: 'The node agent does not run as root; start it as root, or ask for elevation level nonadmin',
    },
  ],
};

/** `taken`: how many users were given to tasks before; after the last of the range the first is given again. */
export function decideUser(
  { autoUser: { scope, elevationLevel } }: UserIdentity,
  { users, isRoot, taken }: { readonly users: TaskUsers; readonly isRoot: boolean; readonly taken: number },
): UserDecision {
  if (elevationLevel === 'admin' && !isRoot) return { outcome: 'refused', failure: adminRefused };
  if (users === 'self') return { outcome: 'user', user: undefined };
  const ofTask = users.first + 2 + (taken % (users.last - users.first - 1));
  const uid = elevationLevel === 'admin' ? 0 : scope === 'pool' ? users.first + 1 : ofTask;
  return { outcome: 'user', user: { uid, gid: uid, sharedGid: users.first } };
}

export const poolNonadmin: UserIdentity = { autoUser: { scope: 'pool', elevationLevel: 'nonadmin' } };

/** As Batch names it in AZ_BATCH_TASK_USER_IDENTITY. */
export function identityName({ autoUser: { scope, elevationLevel } }: UserIdentity): string {
  return `${scope === 'pool' ? 'Pool' : 'Task'}${elevationLevel === 'admin' ? 'Admin' : 'NonAdmin'}`;
}
