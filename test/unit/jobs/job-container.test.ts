// Names by Batch's File Conventions, held against vectors of its own library.
import { expect, test } from 'vitest';
import { jobContainerName, keptLogName, keptLogPrefix, parseKeptLogName } from '../../../shared/jobs/job-container.js';

test.each([
  ['MyTerrificJob', 'job-myterrificjob'],
  ['JobPrepReleaseSampleJob', 'job-jobprepreleasesamplejob'],
  ['my-_EVEN_MORE_-terrific-job', 'job-my-even-more-te-68b05a7d8aa6aa65b9a6892c667a6c406a16ad65'],
  ['my_job', 'job-my-job-5b91c41b749676483e71a4efad72227085535e8e'],
  ['___', 'job-job-bf2957508fb8f25f2d1e4d28ba8dd324f58b9e07'],
  ['-lead', 'job-lead-246b9686e38ac7384fc05f605d8ff62471670908'],
  ['trail-', 'job-trail-ccdb10cc8e41885aeff57f0846a355e79a3c1ca4'],
  ['a--b', 'job-a-b-73823f1b838f847d425f8ef4719d48c8815453b3'],
  ['sched1:job-1', 'job-sched1-job-1-7a3dd70e57e2c8f056bc7ca4aad8688fcb90f530'],
  ['abcdefghijklmn_o', 'job-abcdefghijklmn-c36ba294bc6073705f82d66338fd8b33f6101562'],
  ['j'.repeat(59), `job-${'j'.repeat(59)}`],
  ['j'.repeat(60), 'job-jjjjjjjjjjjjjjj-0aa9226ebe8990517df0ad71fe3f53da56253bf2'],
])('job %s keeps its output in container %s', (jobId, container) => {
  expect(jobContainerName(jobId)).toBe(container);
});

test('a kept output is named by task, job, node and try, and known again by that', () => {
  const owner = { incarnation: '12345678-9abc', taskId: 'jobpreparation', nodeId: 'node1' };
  const name = keptLogName(owner, { stream: 'stderr', attempt: 2, retry: 13 });
  expect(name).toBe('jobpreparation/$TaskLog/12345678/node1/stderr.2.13.txt');
  expect(name.startsWith(keptLogPrefix(owner))).toBe(true);
  expect(parseKeptLogName(name)).toEqual({ stream: 'stderr', attempt: 2, retry: 13 });
  expect(parseKeptLogName('jobpreparation/$TaskLog/stdout.txt')).toBeUndefined();
});
