// A task as it is shown, as a schema (CloudTask), and what adding and counting tasks is answered with.
// https://learn.microsoft.com/rest/api/batchservice/task/get
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { entityTag, instant, link, notShown, oneOf } from '../rest/answer-types.js';
import { batchErrorOfOne } from '../rest/error-schema.js';
import { taskDependenciesSchema } from './dependencies.js';
import { exitConditionsSchema } from './exit-conditions.js';
import { outputFileSchema } from './resource-file.js';
import { shownConstraints, shownEnvironment, shownIdentity, shownResourceFiles, shownRun } from './run-schema.js';
import type { TaskState } from './task.js';

const taskState = oneOf<TaskState>({ active: true, preparing: true, running: true, completed: true });

export const shownOutputFiles = z
  .array(z.strictObject(outputFileSchema.shape).register(named, { id: 'OutputFile' }))
  .min(1);

/** Of a task that has not run yet there are the two counts only. */
export const shownTaskExecution = z
  .strictObject({
    ...shownRun,
    startTime: instant.optional(),
    retryCount: z.int().min(0),
    lastRetryTime: instant.optional(),
    requeueCount: z.int().min(0),
    lastRequeueTime: instant.optional(),
  })
  .register(named, { id: 'TaskExecutionInformation' });

const shownPlace = z
  .strictObject({
    affinityId: z.string(),
    nodeUrl: link,
    poolId: z.string(),
    nodeId: z.string(),
    taskRootDirectory: z.string(),
    taskRootDirectoryUrl: link,
  })
  .register(named, { id: 'ComputeNodeInformation' });

export const cloudTask = z
  .strictObject({
    id: z.string(),
    displayName: z.string().optional(),
    url: link,
    eTag: entityTag,
    lastModified: instant,
    creationTime: instant,
    exitConditions: z.strictObject(exitConditionsSchema.shape).register(named, { id: 'ExitConditions' }).optional(),
    state: taskState,
    stateTransitionTime: instant,
    previousState: taskState.optional(),
    previousStateTransitionTime: instant.optional(),
    commandLine: z.string(),
    containerSettings: notShown,
    resourceFiles: shownResourceFiles.optional(),
    outputFiles: shownOutputFiles.optional(),
    environmentSettings: shownEnvironment.optional(),
    affinityInfo: z.strictObject({ affinityId: z.string() }).optional(),
    constraints: shownConstraints,
    requiredSlots: z.int().min(1),
    userIdentity: shownIdentity,
    executionInfo: shownTaskExecution,
    nodeInfo: shownPlace.optional(),
    multiInstanceSettings: notShown,
    stats: notShown,
    dependsOn: z
      .strictObject(taskDependenciesSchema.shape)
      .partial()
      .register(named, { id: 'TaskDependencies' })
      .optional(),
    applicationPackageReferences: notShown,
    authenticationTokenSettings: notShown,
  })
  .register(named, { id: 'CloudTask' });

/** What became of one task of a collection. */
export const taskAddResults = z
  .strictObject({
    value: z.array(
      z
        .strictObject({
          status: z.enum(['success', 'clienterror', 'servererror']),
          taskId: z.string(),
          eTag: entityTag.optional(),
          lastModified: instant.optional(),
          location: link.optional(),
          error: batchErrorOfOne.optional(),
        })
        .register(named, { id: 'TaskAddResult' }),
    ),
  })
  .register(named, { id: 'TaskAddCollectionResult' });

const counts = z
  .strictObject({
    active: z.int().min(0),
    running: z.int().min(0),
    completed: z.int().min(0),
    succeeded: z.int().min(0),
    failed: z.int().min(0),
  })
  .register(named, { id: 'TaskCounts' });

export const taskCountsResult = z
  .strictObject({ taskCounts: counts, taskSlotCounts: counts })
  .register(named, { id: 'TaskCountsResult' });

/** Only multi-instance tasks have subtasks, and these are refused when they are added; what can be selected of them is known. */
export const subtask = z
  .strictObject({
    id: notShown,
    nodeInfo: notShown,
    startTime: notShown,
    endTime: notShown,
    exitCode: notShown,
    containerInfo: notShown,
    failureInfo: notShown,
    state: notShown,
    stateTransitionTime: notShown,
    previousState: notShown,
    previousStateTransitionTime: notShown,
    result: notShown,
  })
  .register(named, { id: 'SubtaskInformation' });
