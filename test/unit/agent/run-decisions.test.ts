// What should happen to runs, from the journal alone.
import { describe, expect, test } from 'vitest';
import {
  decideAfterTry,
  decideLeftBehind,
  decideNextSteps,
  retryDelayMs,
  type NextStep,
  type TryEnd,
} from '../../../agent/run-decisions.js';
import type { Ending, RunRecord, RunState } from '../../../agent/run-record.js';
import { definitionWith, ended, instantAt, recordWith, states } from '../../helpers/run-records.js';

const now = instantAt(100);

function stepsOf(runs: readonly RunRecord[], rest: Partial<Parameters<typeof decideNextSteps>[0]> = {}) {
  return decideNextSteps({
    pending: runs,
    runs: new Map(runs.map((run) => [run.runId, run])),
    live: new Set(),
    forgottenJobs: new Map(),
    imageEpoch: 1,
    ...rest,
  });
}

const task = recordWith({ runId: 'task', requiresPreparation: 'preparation' });
const preparation = recordWith({ runId: 'preparation', kind: 'preparation' });
const release = recordWith({ runId: 'release', kind: 'release' });
const within = (run: RunRecord, state: RunState): RunRecord => ({ ...run, state });

describe('which accepted runs may start', () => {
  test.each<[string, readonly RunRecord[], readonly string[]]>([
    ['a preparation starts', [preparation], ['start preparation']],
    ['a task without preparation starts', [recordWith({ runId: 'task' })], ['start task']],
    ['a task waits for a preparation that is not known yet', [task], []],
    ['a task waits for a preparation that runs', [within(preparation, states.running), task], []],
    ['a task starts after success', [within(preparation, states.succeeded), task], ['start task']],
    ['a task never starts after a failure', [within(preparation, states.failed), task], ['endUnstarted task']],
    ['a task never starts after a kill', [within(preparation, states.killed), task], ['endUnstarted task']],
    ['a task never starts after a loss', [within(preparation, states.lost), task], ['endUnstarted task']],
    [
      'success on an earlier image is none',
      [{ ...within(preparation, states.succeeded), imageEpoch: 0 }, task],
      ['endUnstarted task'],
    ],
    ['a release waits for a task that runs', [within(task, states.running), release], []],
    ['a release waits for a task that has not started', [task, release], []],
    ['a release starts when all have ended', [within(task, states.succeeded), release], ['start release']],
    ['a task does not start beside a release', [recordWith({ runId: 'task' }), within(release, states.running)], []],
    ['a preparation waits for another', [within({ ...preparation, runId: 'first' }, states.running), preparation], []],
    ['of two preparations one starts', [{ ...preparation, runId: 'first' }, preparation], ['start first']],
    [
      'jobs do not wait for each other',
      [{ ...within(task, states.running), incarnation: 'other' }, release],
      ['start release'],
    ],
  ])('%s', (_, runs, steps) => {
    const told = (step: NextStep): string => `${step.step} ${step.runId}`;
    expect(stepsOf(runs).map(told)).toEqual(steps);
  });

  test('a run that somebody looks after is not started again', () => {
    expect(stepsOf([preparation], { live: new Set(['preparation']) })).toEqual([]);
  });

  test('a job added again waits until the folder of the one before is gone', () => {
    const job = { version: 1 as const, incarnation: 'old', jobDirectory: task.jobDirectory, at: now, isDone: false };
    expect(stepsOf([preparation], { forgottenJobs: new Map([['old', job]]) })).toEqual([]);
    expect(stepsOf([preparation], { forgottenJobs: new Map([['old', { ...job, isDone: true }]]) })).toHaveLength(1);
  });

  test('a task of a forgotten job does not wait for a preparation that can no longer come', () => {
    const job = {
      version: 1 as const,
      incarnation: 'incarnation1',
      jobDirectory: task.jobDirectory,
      at: now,
      isDone: false,
    };
    const steps = stepsOf([task], { forgottenJobs: new Map([['incarnation1', job]]) });
    expect(steps).toEqual([{ runId: 'task', step: 'endUnstarted' }]);
  });
});

describe('what follows a try', () => {
  const retrying = (maxTaskRetryCount: number, tryNumber: number) =>
    ({ ...states.running, definition: definitionWith({ maxTaskRetryCount }), tryNumber }) as const;

  test.each<[string, number, number, TryEnd, object]>([
    ['success ends it', 3, 0, { state: 'exited', exitCode: 0 }, { state: { ending: 'exited', exitCode: 0 } }],
    ['failure with retries left is tried again', 3, 2, { state: 'exited', exitCode: 1 }, { next: 'retry' }],
    ['endless retries never end', -1, 1_000, { state: 'exited', exitCode: 1 }, { next: 'retry' }],
    [
      'failure without retries left ends it',
      3,
      3,
      { state: 'exited', exitCode: 9 },
      { state: { ending: 'exited', exitCode: 9, retryCount: 3, failure: { code: 'FailureExitCode' } } },
    ],
    ['a vanished process is lost, not tried again', 3, 0, { state: 'vanished' }, { state: { ending: 'lost' } }],
    ['a try that nobody can begin did not start', 3, 0, { state: 'forbidden' }, { state: { ending: 'notStartable' } }],
    [
      'a refusal of the operating system did not start',
      3,
      0,
      { state: 'refused', message: 'E2BIG' },
      { state: { ending: 'notStartable', failure: { code: 'CommandLaunchFailed' } } },
    ],
  ])('%s', (_, retries, tryNumber, end, expected) => {
    expect(decideAfterTry(retrying(retries, tryNumber), end, now)).toMatchObject(expected);
  });

  const ending: Ending = { ending: 'killed', failure: { category: 'usererror', code: 'TaskEnded', message: 'asked' } };
  test.each<[TryEnd, number | undefined]>([
    [{ state: 'exited', exitCode: 0 }, 0],
    [{ state: 'exited', exitCode: 143 }, 143],
    [{ state: 'vanished' }, 137],
    [{ state: 'forbidden' }, undefined],
  ])('a run that was being ended is told with that reason, found %j', (end, exitCode) => {
    const after = decideAfterTry({ ...retrying(3, 0), ending }, end, now);
    expect(after).toMatchObject({ next: 'end', state: ending });
    expect(after.next === 'end' ? after.state.exitCode : 'retry').toBe(exitCode);
  });

  test('quick failures are tried again at once at first, then ever more slowly up to a bound', () => {
    expect([1, 2, 3, 4, 5, 50].map(retryDelayMs)).toEqual([0, 0, 0, 200, 400, 10_000]);
  });
});

describe('what an earlier epoch left behind', () => {
  const withOutput = (uploadCondition: 'tasksuccess' | 'taskfailure'): RunState => {
    const destination = { container: { containerUrl: 'https://a/c' } };
    const outputFiles = [{ filePattern: '*', destination, uploadOptions: { uploadCondition } }];
    return { ...states.running, definition: { ...states.running.definition, outputFiles } };
  };
  const exited = { state: 'exited', exitCode: 0 } as const;
  test.each<[string, RunState, Parameters<typeof decideLeftBehind>[1], boolean, object]>([
    ['what waited is lost', states.accepted, undefined, false, { ending: 'lost' }],
    ['what ran is lost', states.running, { state: 'vanished' }, false, { ending: 'lost' }],
    ['a code recorded before a crash of the machine counts', states.running, exited, false, { ending: 'exited' }],
    ['a code recorded during a shutdown may be our own doing', states.running, exited, true, { ending: 'lost' }],
    [
      'a failure with retries left is lost',
      { ...states.running, definition: definitionWith({ maxTaskRetryCount: 1 }) },
      { state: 'exited', exitCode: 1 },
      false,
      { ending: 'lost' },
    ],
    ['a success with files still to upload is lost', withOutput('tasksuccess'), exited, false, { ending: 'lost' }],
    ['a success without files to upload counts', withOutput('taskfailure'), exited, false, { ending: 'exited' }],
    [
      'what was being ended keeps its reason',
      { ...states.running, ending: { ending: 'wallClock' } },
      { state: 'vanished' },
      true,
      { ending: 'wallClock' },
    ],
    ['what had ended stays as it is', ended({ ending: 'killed' }), undefined, true, { ending: 'killed' }],
  ])('%s', (_, state, look, wasShutDown, expected) => {
    expect(decideLeftBehind(recordWith({ runId: 'run', state }), look, wasShutDown, now)).toMatchObject(expected);
  });
});
