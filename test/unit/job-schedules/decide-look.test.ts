// What a schedule does next, as a table of its state, its latest job, and the time.
import { describe, expect, test } from 'vitest';
import { complete, decideTermination, enter } from '../../../shared/jobs/job-decisions.js';
import type { Job } from '../../../shared/jobs/job.js';
import type { JobSchedule, Recurrence } from '../../../shared/job-schedules/job-schedule.js';
import {
  decideLook,
  enterState,
  isToBeSwept,
  type LookAsked,
  type LookDecision,
  type SeenRecentJob,
} from '../../../shared/job-schedules/job-schedule-decisions.js';
import { firstOccurrence } from '../../../shared/job-schedules/occurrence-decisions.js';
import { decideUpdate } from '../../../shared/job-schedules/update-job-schedule.js';
import { jobDefinition, jobScheduleDefinition } from '../../helpers/definitions.js';

const startMs = Date.parse('2026-01-01T00:00:00.000Z');
const minute = 60_000;
const hour = 60 * minute;
const at = (ms: number): Date => new Date(startMs + ms);
const iso = (ms: number): string => at(ms).toISOString();
const nothing: LookAsked = { reask: false, isWoken: false };
const absent: SeenRecentJob = { isListed: true };

/** Added at the start. */
function schedule(recurrence: Recurrence = {}, changes: Partial<JobSchedule> = {}): JobSchedule {
  const nextRunTime = firstOccurrence(recurrence, at(0));
  return {
    definition: jobScheduleDefinition({ schedule: recurrence }),
    incarnation: 'schedule-1',
    creationTime: iso(0),
    lastModified: iso(0),
    state: 'active',
    stateTransitionTime: iso(0),
    ...(nextRunTime === undefined ? {} : { nextRunTime }),
    ...changes,
  };
}

function job(changes: Partial<Job> = {}): Job {
  return {
    definition: jobDefinition({ id: 'S:job-1' }),
    incarnation: 'job-1',
    creationTime: iso(0),
    lastModified: iso(0),
    state: 'active',
    stateTransitionTime: iso(0),
    nextTaskOrder: 1,
    openTasks: 0,
    everAssigned: true,
    ...changes,
  };
}

const seen = (found: Job | undefined): SeenRecentJob => (found === undefined ? absent : { job: found, isListed: true });
const look = (
  before: JobSchedule,
  recent: SeenRecentJob,
  ms: number,
  asked: Partial<LookAsked> = {},
  newIncarnation = 'job-next',
): LookDecision => decideLook(before, recent, { ...nothing, ...asked }, { now: at(ms), newIncarnation });

/** Its first job was made at the start and has been added. */
function running(recurrence: Recurrence): JobSchedule {
  const begun = look(schedule(recurrence), absent, 0, {}, 'job-1').schedule;
  return look(begun, seen(job()), 0).schedule;
}
const ended = (ms: number): Job => complete(decideTermination(job(), 'done', at(ms)), at(ms));

describe('an active schedule', () => {
  test('makes its first job at once, saved before it is added', () => {
    const { schedule: next, step } = look(schedule({ recurrenceIntervalMs: hour }), absent, 0);
    expect(step).toBe('addJob');
    expect(next.recentJob).toEqual({ number: 1, incarnation: 'job-next', dueAt: iso(0) });
    expect(next.nextRunTime).toBe(iso(hour));
  });

  test('adds the job that was decided before, and no other, until it is known to be there', () => {
    const begun = look(schedule({ recurrenceIntervalMs: hour }), absent, 0, {}, 'job-1').schedule;
    const again = look(begun, absent, 10);
    expect(again.step).toBe('addJob');
    expect(again.schedule.recentJob).toEqual(begun.recentJob);
    const known = look(begun, seen(job()), 10);
    expect(known.step).toBe('rest');
    expect(known.schedule.recentJob?.isAdded).toBe(true);
  });

  test('does not add a job again that was deleted before anybody noted that it had been added', () => {
    const begun = look(schedule({ recurrenceIntervalMs: hour }), absent, 0, {}, 'job-1').schedule;
    const { step, schedule: next } = look(begun, { isListed: false }, 10);
    expect(step).toBe('rest');
    expect(next.recentJob?.endedAt).toBe(iso(10));
  });

  test('is not due before doNotRunUntil, and is woken then', () => {
    const waiting = look(schedule({ doNotRunUntil: iso(hour) }), absent, 0);
    expect(waiting).toMatchObject({ step: 'rest', wakeUpAt: at(hour) });
    expect(look(waiting.schedule, absent, hour - 1).step).toBe('rest');
    expect(look(waiting.schedule, absent, hour, { isWoken: true }).step).toBe('addJob');
  });

  test('makes the next job one interval after the occurrence of the one before, however late that one was made', () => {
    const late = look(schedule({ recurrenceIntervalMs: hour }), absent, 20 * minute);
    expect(late.schedule.nextRunTime).toBe(iso(hour));
  });

  test.each([
    ['active', job()],
    ['disabled', enter(job(), 'disabled', at(0))],
    ['terminating', enter(job(), 'terminating', at(0))],
    ['being deleted with releases to come', enter(job(), 'deleting', at(0))],
  ])('makes no other job while its job is %s', (_, present) => {
    const { step, schedule: next } = look(running({ recurrenceIntervalMs: hour }), seen(present), hour + minute);
    expect(step).toBe('rest');
    expect(next.recentJob?.number).toBe(1);
    expect(next.nextRunTime).toBe(iso(hour));
  });

  test.each([
    ['completed', ended(hour + minute)],
    ['being deleted after it had completed', enter(ended(hour + minute), 'deleting', at(hour + minute))],
    ['gone', undefined],
  ])('makes the job that is due as soon as the one before is %s', (_, present) => {
    const { step, schedule: next } = look(running({ recurrenceIntervalMs: hour }), seen(present), hour + minute);
    expect(step).toBe('addJob');
    expect(next.recentJob).toEqual({ number: 2, incarnation: 'job-next', dueAt: iso(hour) });
    expect(next.nextRunTime).toBe(iso(2 * hour));
    expect(next.lost).toBeUndefined();
  });

  test('is completed when its only job has ended, not before', () => {
    const before = running({});
    expect(look(before, seen(job()), hour).schedule.state).toBe('active');
    const { schedule: next } = look(before, seen(ended(hour)), hour);
    expect(next).toMatchObject({ state: 'completed', endTime: iso(hour), previousState: 'active' });
  });

  test('is completed when doNotRunAfter has passed and no job is active, not before', () => {
    const recurrence = { recurrenceIntervalMs: hour, doNotRunAfter: iso(90 * minute) };
    const second = look(running(recurrence), seen(ended(minute)), hour, {}, 'job-2').schedule;
    expect(second.nextRunTime).toBeUndefined();
    const secondJob = job({ incarnation: 'job-2' });
    const known = look(second, seen(secondJob), hour).schedule;
    expect(look(known, seen(secondJob), 2 * hour).schedule.state).toBe('active');
    const endedEarly = look(known, seen(ended(hour + minute)), hour + minute);
    expect(endedEarly.schedule).toMatchObject({ state: 'active', wakeUpAt: iso(90 * minute) });
    expect(look(endedEarly.schedule, absent, 90 * minute, { isWoken: true }).schedule.state).toBe('completed');
    expect(look(known, seen(ended(2 * hour)), 2 * hour).schedule.state).toBe('completed');
  });

  test('that may never make a job is completed once it may not', () => {
    const before = schedule({ doNotRunAfter: iso(-minute) });
    expect(before.nextRunTime).toBeUndefined();
    expect(look(before, absent, 0).schedule.state).toBe('completed');
  });
});

describe('an occurrence', () => {
  const window = { recurrenceIntervalMs: hour, startWindowMs: 10 * minute };

  test('is lost when its start window passes while the job before is active; the next one stands', () => {
    const before = running(window);
    const waiting = look(before, seen(job()), hour + 9 * minute);
    expect(waiting.schedule.lost).toBeUndefined();
    const { schedule: next, step } = look(before, seen(job()), hour + 10 * minute);
    expect(step).toBe('rest');
    expect(next.lost).toEqual({ count: 1, lastDueAt: iso(hour), lastReason: 'previousJobActive' });
    expect(next.nextRunTime).toBe(iso(2 * hour));
  });

  test('is lost for the same reason when that is only seen at the end of the job', () => {
    const { schedule: next } = look(running(window), seen(ended(hour + 30 * minute)), hour + 30 * minute);
    expect(next.lost?.lastReason).toBe('previousJobActive');
    expect(next.recentJob?.number).toBe(1);
  });

  test('beyond the year 9999 is none: the schedule stays active and makes no job any more', () => {
    const { schedule: next, step } = look(running({ recurrenceIntervalMs: 9e14 }), seen(ended(minute)), hour);
    expect([next.state, next.nextRunTime, step]).toEqual(['active', undefined, 'rest']);
  });

  test('without a window is lost when the next one is due', () => {
    const { schedule: next } = look(running({ recurrenceIntervalMs: hour }), seen(job()), 3 * hour + minute);
    expect(next.lost).toEqual({ count: 2, lastDueAt: iso(2 * hour), lastReason: 'previousJobActive' });
    expect(next.nextRunTime).toBe(iso(3 * hour));
  });

  test('is lost while nobody looks, all of them counted at once, and the latest is made if its window is open', () => {
    const late = look(running(window), seen(ended(minute)), 1000 * hour + minute);
    expect(late.schedule.lost).toEqual({ count: 999, lastDueAt: iso(999 * hour), lastReason: 'notLookedAt' });
    expect(late.step).toBe('addJob');
    expect(late.schedule.recentJob?.dueAt).toBe(iso(1000 * hour));
    const tooLate = look(running(window), seen(ended(minute)), 1000 * hour + 11 * minute);
    expect(tooLate.schedule.lost?.count).toBe(1000);
    expect(tooLate.schedule.nextRunTime).toBe(iso(1001 * hour));
  });

  test('after doNotRunAfter does not count as lost', () => {
    const recurrence = { ...window, doNotRunAfter: iso(150 * minute) };
    const { schedule: next } = look(running(recurrence), seen(job()), 100 * hour);
    expect(next.lost?.count).toBe(2);
    expect(next.nextRunTime).toBeUndefined();
  });

  test('whose window passes while the schedule is disabled is lost for that reason; one whose window is open is made on enable', () => {
    const idle = look(running(window), seen(ended(minute)), minute).schedule;
    const disabled = enterState(idle, 'disabled', at(2 * minute));
    expect(look(disabled, absent, 2 * hour + 5 * minute)).toMatchObject({ step: 'rest', schedule: disabled });
    const { schedule: next, step } = look(
      enterState(disabled, 'active', at(2 * hour + 5 * minute)),
      absent,
      2 * hour + 5 * minute,
    );
    expect(next.lost).toEqual({ count: 1, lastDueAt: iso(hour), lastReason: 'disabled' });
    expect([step, next.recentJob?.dueAt]).toEqual(['addJob', iso(2 * hour)]);
  });

  test('that is the only one and is lost leaves nothing to do: the schedule is completed', () => {
    const only = schedule({ startWindowMs: minute });
    expect(look(only, absent, 2 * minute).schedule).toMatchObject({ state: 'completed', lost: { count: 1 } });
  });
});

describe('a schedule that is ending', () => {
  test('has its active job terminated, once, and is completed when that has ended', () => {
    const terminating = enterState(running({ recurrenceIntervalMs: hour }), 'terminating', at(minute));
    expect(look(terminating, seen(job()), minute).step).toBe('terminateJob');
    expect(look(terminating, seen(enter(job(), 'terminating', at(minute))), 2 * minute).step).toBe('rest');
    const { schedule: next } = look(terminating, seen(ended(3 * minute)), 3 * minute);
    expect(next).toMatchObject({ state: 'completed', previousState: 'terminating' });
    expect(next.nextRunTime).toBeUndefined();
  });

  test('by force has a job that is terminating already hurry', () => {
    const terminating = enterState(running({}), 'terminating', at(minute));
    const forced = { ...terminating, isForced: true as const };
    const jobTerminating = enter(job(), 'terminating', at(minute));
    expect(look(forced, seen(jobTerminating), minute).step).toBe('terminateJob');
    expect(look(forced, seen({ ...jobTerminating, isForced: true }), minute).step).toBe('rest');
  });

  test('never adds the job that was decided and not added', () => {
    const begun = look(schedule(), absent, 0, {}, 'job-1').schedule;
    const { schedule: next, step } = look(enterState(begun, 'terminating', at(1)), absent, 1);
    expect([next.state, next.recentJob, step]).toEqual(['completed', undefined, 'rest']);
  });

  test('makes no job any more, whatever is due', () => {
    const due = schedule({ recurrenceIntervalMs: minute });
    expect(look(enterState(due, 'terminating', at(0)), absent, hour).schedule.state).toBe('completed');
    expect(look(enterState(due, 'deleting', at(0)), absent, hour).step).toBe('removeJobs');
    const completed = look(enterState(due, 'terminating', at(0)), absent, 0).schedule;
    expect(look(completed, absent, hour)).toEqual({ schedule: completed, step: 'rest' });
  });
});

describe('a wake-up', () => {
  test('is sent once for an instant, again only when messages may have been lost', () => {
    const first = look(schedule({ doNotRunUntil: iso(hour) }), absent, 0);
    expect(first.wakeUpAt).toEqual(at(hour));
    expect(look(first.schedule, absent, minute).wakeUpAt).toBeUndefined();
    expect(look(first.schedule, absent, minute).schedule).toBe(first.schedule);
    expect(look(first.schedule, absent, minute, { reask: true }).wakeUpAt).toEqual(at(hour));
  });

  test('that comes a little early is sent again for the instant that it was meant for', () => {
    const first = look(schedule({ doNotRunUntil: iso(hour) }), absent, 0);
    expect(look(first.schedule, absent, hour - 5, { isWoken: true })).toMatchObject({
      step: 'rest',
      wakeUpAt: at(hour),
    });
  });

  test('for a far instant goes the way in steps', () => {
    const first = look(schedule({ doNotRunUntil: iso(100 * hour) }), absent, 0);
    expect(first.wakeUpAt).toEqual(at(24 * hour));
    expect(look(first.schedule, absent, 24 * hour, { isWoken: true }).wakeUpAt).toEqual(at(48 * hour));
  });

  test('comes at the end of the window while a job is active, and never when nothing can be lost', () => {
    expect(running({ recurrenceIntervalMs: hour, startWindowMs: minute }).wakeUpAt).toBe(iso(hour + minute));
    expect(running({}).wakeUpAt).toBeUndefined();
  });

  test('is not sent for a schedule that is disabled or over', () => {
    const disabled = enterState(schedule({ recurrenceIntervalMs: hour }), 'disabled', at(0));
    expect(look(disabled, absent, 0).wakeUpAt).toBeUndefined();
  });
});

describe('the sweep', () => {
  const waiting = look(schedule({ doNotRunUntil: iso(hour) }), absent, 0).schedule;
  test.each([
    ['leaves one alone that waits for its time', waiting, minute, false],
    ['leaves one alone that is due in more than two sweeps', waiting, hour - 10 * minute - 1, false],
    ['asks one that is due soon, as its wake-up may be lost', waiting, hour - 10 * minute, true],
    ['asks one that is overdue', waiting, hour, true],
    ['asks one whose job may have ended unheard', running({}), minute, true],
    ['asks one that is terminating', enterState(waiting, 'terminating', at(0)), minute, true],
    ['asks one that is being deleted', enterState(waiting, 'deleting', at(0)), minute, true],
    ['leaves one alone that is disabled', enterState(waiting, 'disabled', at(0)), 2 * hour, false],
    ['leaves one alone that is completed', enterState(waiting, 'completed', at(0)), 2 * hour, false],
  ])('%s', (_, swept, ms, expected) => {
    expect(isToBeSwept(swept, at(ms))).toBe(expected);
  });
});

describe('another recurrence', () => {
  const idle = look(running({ recurrenceIntervalMs: hour }), seen(ended(minute)), minute).schedule;
  test.each([
    ['counts from the last occurrence', { recurrenceIntervalMs: 2 * hour }, 2 * hour],
    ['makes nothing due before the change', { recurrenceIntervalMs: minute }, 30 * minute],
    ['waits for its doNotRunUntil', { recurrenceIntervalMs: hour, doNotRunUntil: iso(5 * hour) }, 5 * hour],
    ['may end it', { recurrenceIntervalMs: hour, doNotRunAfter: iso(40 * minute) }, undefined],
    ['without an interval leaves no occurrence once there was one', {}, undefined],
  ])('%s', (_, changed, ms) => {
    const next = decideUpdate(idle, { schedule: changed }, at(30 * minute));
    expect(next.nextRunTime).toBe(ms === undefined ? undefined : iso(ms));
  });

  test('that is the same as before leaves the next occurrence where it is, also one that waits', () => {
    const waiting = running({ recurrenceIntervalMs: hour });
    const next = decideUpdate(waiting, { schedule: { recurrenceIntervalMs: hour }, metadata: [] }, at(90 * minute));
    expect(next.nextRunTime).toBe(iso(hour));
  });
});
