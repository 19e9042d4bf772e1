// How preparation and release went on one node, as schemas: as Batch shows it, and every attempt by itself.
// https://learn.microsoft.com/rest/api/batchservice/job/list-preparation-and-release-task-status
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { instant, link, oneOf } from '../rest/answer-types.js';
import { shownFailure, shownRun } from '../tasks/run-schema.js';
import type { Attempt } from './attempt.js';
import type { WaiverReason } from './job-node.js';

const state = z.enum(['running', 'completed']);
const root = { taskRootDirectory: z.string(), taskRootDirectoryUrl: link };

export const preparationAndReleaseStatus = z
  .strictObject({
    poolId: z.string(),
    nodeId: z.string(),
    nodeUrl: link,
    jobPreparationTaskExecutionInfo: z
      .strictObject({
        ...shownRun,
        state,
        ...root,
        retryCount: z.int().min(0),
        lastRetryTime: instant.optional(),
      })
      .register(named, { id: 'JobPreparationTaskExecutionInformation' })
      .optional(),
    jobReleaseTaskExecutionInfo: z
      .strictObject({ ...shownRun, state, ...root })
      .register(named, { id: 'JobReleaseTaskExecutionInformation' })
      .optional(),
  })
  .register(named, { id: 'JobPreparationAndReleaseTaskExecutionInformation' });

const attempts = z.array(
  z
    .strictObject({
      attempt: z.int().min(1),
      retryCount: z.int().min(0),
      state,
      startTime: instant,
      endTime: instant.optional(),
      exitCode: z.int().optional(),
      signal: z.string().optional(),
      failureInfo: shownFailure.optional(),
      result: oneOf<Attempt['result']>({ success: true, failure: true, interrupted: true }).optional(),
      stdoutUrl: link.optional(),
      stderrUrl: link.optional(),
    })
    .register(named, { id: 'Attempt' }),
);

export const preparationAndReleaseAttempts = z
  .strictObject({
    poolId: z.string(),
    nodeId: z.string(),
    nodeUrl: link,
    jobPreparationTaskAttempts: attempts,
    jobReleaseTaskAttempts: attempts,
    jobReleaseTaskWaiver: z
      .strictObject({
        reason: oneOf<WaiverReason>({
          nodeRemoved: true,
          nodeLost: true,
          poolChanged: true,
          forced: true,
          nodeReimaged: true,
          preparationInterrupted: true,
        }),
        time: instant,
      })
      .optional(),
  })
  .register(named, { id: 'PreparationAndReleaseAttempts' });
