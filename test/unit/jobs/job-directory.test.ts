// Where jobs lie on a node, and whose a folder may be.
import { describe, expect, test } from 'vitest';
import { ownersOf, taskDirectory } from '../../../shared/jobs/job-directory.js';
import { parseScheduledJobId, scheduledJobId, schedulesOf } from '../../../shared/jobs/scheduled-job-id.js';

describe('the folder of a task', () => {
  test.each([
    ['J', 'workitems/J/job-1/t'],
    ['S:job-1', 'workitems/S/job-1/t'],
    ['S:job-27', 'workitems/S/job-27/t'],
  ])('of job %s is %s, and is known as that job’s', (jobId, directory) => {
    expect(taskDirectory(jobId, 't')).toBe(directory);
    expect(ownersOf(directory)).toContainEqual({ jobId, taskId: 't' });
  });

  test.each(['workitems/J', 'workitems/J/job-1', 'workitems/J/job-x/t', 'shared/J/job-1/t', 'workitems/J/job-1/t/wd'])(
    'is not %s',
    (directory) => {
      expect(ownersOf(directory)).toEqual([]);
    },
  );
});

describe('the id of a job', () => {
  test('of a schedule tells the schedule and the number', () => {
    expect(parseScheduledJobId(scheduledJobId('S', 3))).toEqual({ scheduleId: 'S', number: 3 });
    expect(parseScheduledJobId('S')).toBeUndefined();
    expect(parseScheduledJobId('S:other-3')).toBeUndefined();
  });

  test('of several jobs of one schedule tells it once', () => {
    expect(schedulesOf(['S:job-1', 'J', 'S:job-2', 'T:job-1'])).toEqual(['S', 'T']);
  });
});
