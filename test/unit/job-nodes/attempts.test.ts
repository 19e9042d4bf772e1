// What is remembered of attempts, by reports and by nodes that will never tell.
import { expect, test } from 'vitest';
import { rememberEnd, rememberInterrupted } from '../../../shared/job-nodes/attempt-decisions.js';
import { mostAttempts, signalOf } from '../../../shared/job-nodes/attempt.js';
import type { JobNode } from '../../../shared/job-nodes/job-node.js';
import type { RunReport } from '../../../shared/nodes/node-messages.js';

const now = new Date('2026-01-01T01:00:00.000Z');
const before: JobNode = {
  ...{ jobId: 'J', incarnation: 'i', poolId: 'P', nodeId: 'n', epoch: 1, imageEpoch: 1 },
  preparation: {
    ...{ state: 'running', runId: 'r1', orderedAt: now.toISOString(), heard: true },
    ...{ startTime: '2026-01-01T00:00:00.000Z', retryCount: 1 },
  },
  preparationAttempts: 3,
  release: { state: 'none' },
  ...{ releaseAttempts: 0, runs: [], taskStarted: false },
};
const after: JobNode = { ...before, preparation: { state: 'none' } };
const report: RunReport = {
  ...{ runId: 'r1', kind: 'preparation', jobId: 'J', incarnation: 'i', taskId: 'prep', attempt: 3 },
  ...{ state: 'ended', startedAgoMs: 2000, endedAgoMs: 1000, retryCount: 1, ending: 'exited', exitCode: 143 },
  failure: { category: 'usererror', code: 'FailureExitCode', message: 'm' },
  tries: [{ retry: 0, startedAgoMs: 4000, endedAgoMs: 3000, exitCode: 1 }],
};

test('each try of a reported end is remembered with its own times and code', () => {
  expect(rememberEnd(before, after, report, now).attempts).toMatchObject([
    { attempt: 3, retry: 0, exitCode: 1, result: 'failure', endTime: '2026-01-01T00:59:57.000Z' },
    { attempt: 3, retry: 1, exitCode: 143, result: 'failure', startTime: '2026-01-01T00:59:58.000Z' },
  ]);
  expect(signalOf(143)).toBe('SIGTERM');
  expect([signalOf(0), signalOf(1), signalOf(undefined)]).toEqual([undefined, undefined, undefined]);
});

test('a report that changed nothing, and one of a run that never began, are not remembered', () => {
  expect(rememberEnd(before, before, report, now)).toBe(before);
  expect(rememberEnd(before, after, { ...report, ending: 'neverStarted' }, now)).toBe(after);
});

test('what vanished is remembered as interrupted, once', () => {
  const lost = rememberEnd(before, after, { ...report, ending: 'lost' }, now);
  expect(lost.attempts?.at(-1)).toMatchObject({ retry: 1, result: 'interrupted' });
  expect(rememberInterrupted(before, lost, now)).toBe(lost);
  expect(rememberInterrupted(before, after, now).attempts).toMatchObject([
    { kind: 'preparation', attempt: 3, retry: 1, result: 'interrupted', endTime: now.toISOString() },
  ]);
  expect(rememberInterrupted(before, before, now)).toBe(before);
});

test('of very many attempts the newest are remembered', () => {
  let jobNode = after;
  for (let attempt = 1; attempt <= 100; attempt += 1)
    jobNode = rememberEnd(before, { ...jobNode }, { ...report, attempt, tries: [] }, now);
  expect(jobNode.attempts).toHaveLength(mostAttempts);
  expect(jobNode.attempts?.at(-1)?.attempt).toBe(100);
});
