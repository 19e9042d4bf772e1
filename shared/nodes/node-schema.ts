// A node and its files as they are shown, as schemas (ComputeNode, NodeFile), and what a machine is answered that joins.
// https://learn.microsoft.com/rest/api/batchservice/compute-node/get
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { shownStartTask } from '../pools/pool-schema.js';
import { instant, link, longNumber, notShown, oneOf } from '../rest/answer-types.js';
import { shownRun } from '../tasks/run-schema.js';
import { shownTaskExecution } from '../tasks/task-schema.js';
import type { NodeState } from './node.js';
import { joinAnswerSchema } from './node-keys.js';

const nodeState = oneOf<NodeState>({
  creating: true,
  starting: true,
  waitingforstarttask: true,
  starttaskfailed: true,
  idle: true,
  running: true,
  offline: true,
  rebooting: true,
  reimaging: true,
  leavingpool: true,
  unknown: true,
  unusable: true,
});

const nameAndValue = z.strictObject({ name: z.string(), value: z.string() });

export const computeNode = z
  .strictObject({
    id: z.string(),
    url: link,
    state: nodeState,
    schedulingState: z.enum(['enabled', 'disabled']),
    stateTransitionTime: instant,
    lastBootTime: instant.optional(),
    allocationTime: instant,
    ipAddress: notShown,
    affinityId: z.string(),
    vmSize: z.string(),
    totalTasksRun: z.int().min(0),
    runningTasksCount: z.int().min(0),
    runningTaskSlotsCount: z.int().min(0),
    totalTasksSucceeded: z.int().min(0),
    recentTasks: z
      .array(
        z
          .strictObject({
            taskUrl: link,
            jobId: z.string(),
            taskId: z.string(),
            taskState: z.enum(['running', 'completed']),
            executionInfo: shownTaskExecution.optional(),
          })
          .register(named, { id: 'TaskInformation' }),
      )
      .min(1)
      .optional(),
    startTask: shownStartTask.optional(),
    startTaskInfo: z
      .strictObject({
        ...shownRun,
        state: z.enum(['running', 'completed']),
        retryCount: z.int().min(0),
        lastRetryTime: instant.optional(),
      })
      .register(named, { id: 'StartTaskInformation' })
      .optional(),
    certificateReferences: notShown,
    errors: z
      .array(
        z
          .strictObject({ code: z.string(), message: z.string(), errorDetails: z.array(nameAndValue).optional() })
          .register(named, { id: 'ComputeNodeError' }),
      )
      .min(1)
      .optional(),
    isDedicated: z.boolean(),
    endpointConfiguration: notShown,
    nodeAgentInfo: z.strictObject({ version: z.string(), lastUpdateTime: instant }).optional(),
    virtualMachineInfo: notShown,
  })
  .register(named, { id: 'ComputeNode' });

export const shownFile = z
  .strictObject({
    name: z.string(),
    url: link,
    isDirectory: z.boolean(),
    properties: z
      .strictObject({
        lastModified: instant.optional(),
        contentLength: longNumber,
        contentType: z.string(),
        fileMode: z.string().optional(),
      })
      .register(named, { id: 'FileProperties' })
      .optional(),
  })
  .register(named, { id: 'NodeFile' });

export const joined = z.strictObject(joinAnswerSchema.shape).register(named, { id: 'JoinAnswer' });

/** A pool that asks for extensions is refused, so a node has none; what can be selected of them is known. */
export const nodeExtension = z
  .strictObject({ provisioningState: notShown, vmExtension: notShown, instanceView: notShown })
  .register(named, { id: 'NodeVMExtension' });
