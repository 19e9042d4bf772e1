// Which user a run has, by what it asks for and what its agent can give.
import { describe, expect, test } from 'vitest';
import { decideUser, identityName, parseTaskUsers, takesNumber } from '../../../agent/users.js';
import type { UserIdentity } from '../../../shared/tasks/run-definition.js';

const identity = (
  scope: 'pool' | 'task',
  elevationLevel: UserIdentity['autoUser']['elevationLevel'] = 'nonadmin',
): UserIdentity => ({ autoUser: { scope, elevationLevel } });
const users = { first: 100, last: 104 };

describe('users of a range', () => {
  test('the pool has one, tasks have the others in turn, and all share the first number as a group', () => {
    const uidOf = (asked: UserIdentity, taken: number) => decideUser(asked, { users, isRoot: true, taken });
    expect(uidOf(identity('pool'), 7)).toEqual({ outcome: 'user', user: { uid: 101, gid: 101, sharedGid: 100 } });
    const tasks = [0, 1, 2, 3].map((taken) => uidOf(identity('task'), taken));
    expect(tasks).toMatchObject([102, 103, 104, 102].map((uid) => ({ user: { uid, gid: uid, sharedGid: 100 } })));
    expect(uidOf(identity('task', 'admin'), 0)).toMatchObject({ user: { uid: 0, gid: 0, sharedGid: 100 } });
  });

  test('only a user of a task of its own takes a number', () => {
    const asked = [identity('task'), identity('pool'), identity('task', 'admin')];
    expect(asked.map((each) => takesNumber(each, users))).toEqual([true, false, false]);
    expect(asked.map((each) => takesNumber(each, 'self'))).toEqual([false, false, false]);
  });
});

test('without a range everybody is the agent, and an administrator only root', () => {
  const own = { outcome: 'user', user: undefined };
  expect(decideUser(identity('task'), { users: 'self', isRoot: false, taken: 0 })).toEqual(own);
  expect(decideUser(identity('pool', 'admin'), { users: 'self', isRoot: true, taken: 0 })).toEqual(own);
  expect(decideUser(identity('pool', 'admin'), { users: 'self', isRoot: false, taken: 0 })).toMatchObject({
    outcome: 'refused',
    failure: { category: 'usererror', code: 'CommandLaunchFailed' },
  });
});

test('a range is read from its ends', () => {
  expect(parseTaskUsers('50000-59999')).toEqual({ first: 50_000, last: 59_999 });
  expect(parseTaskUsers('self')).toBe('self');
  for (const text of ['', '0-10', '5-6', '9-3', '1-4294967295', 'a-b', '100'])
    expect(parseTaskUsers(text)).toBeUndefined();
});

test('identities have the names that Batch gives them', () => {
  expect([identity('pool'), identity('task', 'admin')].map(identityName)).toEqual(['PoolNonAdmin', 'TaskAdmin']);
});
