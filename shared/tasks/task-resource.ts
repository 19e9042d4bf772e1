// A task in Batch's JSON, both ways: what a client may say when it adds one, and how it is shown (CloudTask).
// https://learn.microsoft.com/rest/api/batchservice/task/add
import type { Shown } from '../rest/answer-types.js';
import type { cloudTask, shownTaskExecution } from './task-schema.js';
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { taskDirectory } from '../jobs/job-directory.js';
import { jobUrl } from '../jobs/job-resource.js';
import { nodeUrl } from '../nodes/node-url.js';
import { etagOf } from '../rest/etag.js';
import { commandLineText, displayNameText, idText, text, unsupported } from '../rest/body-types.js';
import { parseBody, requireStorable } from '../rest/request-body.js';
import { dependsOnBody, fromDependsOn, toDependsOn } from './dependencies-resource.js';
import { exitConditionsBody, fromExitConditions } from './exit-conditions-resource.js';
import { fromOutputFiles, fromResourceFiles, outputFilesBody, resourceFilesBody } from './file-body.js';
import {
  constraintsBody,
  environmentSettingsBody,
  fromConstraints,
  fromEnvironmentSettings,
  fromUserIdentity,
  ifSet,
  toConstraints,
  unlessEmpty,
  userIdentityBody,
} from './run-resource.js';
import type { RunConstraints } from './run-definition.js';
import type { Task, TaskAssignment, TaskDefinition } from './task.js';

/** Batch's own bound on the slots of a node, and so on what a task can ask for. */
const maxSlots = 256;

export const taskAddBody = z
  .strictObject({
    id: idText,
    displayName: displayNameText.optional(),
    commandLine: commandLineText,
    containerSettings: unsupported,
    exitConditions: exitConditionsBody.optional(),
    resourceFiles: resourceFilesBody.optional(),
    outputFiles: outputFilesBody.optional(),
    environmentSettings: environmentSettingsBody.optional(),
    affinityInfo: z.strictObject({ affinityId: text().optional() }).optional(),
    constraints: constraintsBody.optional(),
    requiredSlots: z.int().min(1).max(maxSlots).default(1),
    userIdentity: userIdentityBody.optional(),
    multiInstanceSettings: unsupported,
    dependsOn: dependsOnBody.optional(),
    applicationPackageReferences: unsupported,
    authenticationTokenSettings: unsupported,
  })
  .register(named, { id: 'TaskAddParameter' });

/**
 * The task that the body of Add Task describes; without an own retry count it gets `inheritedRetryCount`, its job's.
 * Throws BatchError: MissingRequiredProperty, InvalidPropertyValue, InvalidRequestBody, UnsupportedProperty.
 */
export function parseTaskAdd(json: unknown, inheritedRetryCount: number): TaskDefinition {
  const body = parseBody(taskAddBody, json);
  const dependsOn = fromDependsOn(body.dependsOn);
  return requireStorable({
    id: body.id,
    ...(body.displayName !== undefined && { displayName: body.displayName }),
    commandLine: body.commandLine,
    ...fromResourceFiles(body.resourceFiles),
    ...fromOutputFiles(body.outputFiles),
    environmentSettings: fromEnvironmentSettings(body.environmentSettings),
    constraints: fromConstraints(body.constraints, inheritedRetryCount),
    requiredSlots: body.requiredSlots,
    ...(body.affinityInfo?.affinityId !== undefined && { affinityId: body.affinityInfo.affinityId }),
    ...(body.exitConditions && { exitConditions: fromExitConditions(body.exitConditions) }),
    ...(dependsOn && { dependsOn }),
    userIdentity: fromUserIdentity(body.userIdentity),
  });
}

export const taskUpdateBody = z
  .strictObject({ constraints: constraintsBody.optional() })
  .register(named, { id: 'TaskUpdateParameter' });

/** The constraints that the body of Update Task describes, given those that are inherited: what is left out goes back to its default. */
export function parseTaskUpdate(json: unknown): (inheritedRetryCount: number) => RunConstraints {
  const { constraints } = parseBody(taskUpdateBody, json);
  return (inheritedRetryCount) => fromConstraints(constraints, inheritedRetryCount);
}

/** URL of a task below `baseUrl` (scheme and host, no trailing slash). */
export function taskUrl(jobId: string, taskId: string, baseUrl: string): string {
  return `${jobUrl(jobId, baseUrl)}/tasks/${encodeURIComponent(taskId)}`;
}

/** The task with every default spelled out, in the order in which Batch writes it. */
export function toTaskResource(task: Task, { baseUrl }: { readonly baseUrl: string }): Shown<typeof cloudTask> {
  const { definition } = task;
  return {
    id: definition.id,
    ...ifSet('displayName', definition.displayName),
    url: taskUrl(task.jobId, definition.id, baseUrl),
    eTag: etagOf(task.lastModified),
    creationTime: task.creationTime,
    lastModified: task.lastModified,
    state: task.state,
    stateTransitionTime: task.stateTransitionTime,
    ...ifSet('previousState', task.previousState),
    ...ifSet('previousStateTransitionTime', task.previousStateTransitionTime),
    commandLine: definition.commandLine,
    ...ifSet('exitConditions', definition.exitConditions),
    ...ifSet('resourceFiles', definition.resourceFiles),
    ...ifSet('outputFiles', definition.outputFiles),
    ...unlessEmpty('environmentSettings', definition.environmentSettings),
    ...ifSet('affinityInfo', definition.affinityId === undefined ? undefined : { affinityId: definition.affinityId }),
    userIdentity: definition.userIdentity,
    constraints: toConstraints(definition.constraints),
    requiredSlots: definition.requiredSlots,
    ...ifSet('dependsOn', definition.dependsOn && toDependsOn(definition.dependsOn)),
    executionInfo: toExecutionInfo(task),
    ...ifSet('nodeInfo', task.assignment && toNodeInfo(task, task.assignment, baseUrl)),
  };
}

function toExecutionInfo({ execution }: Task): Shown<typeof shownTaskExecution> {
  return {
    ...ifSet('startTime', execution.startTime),
    ...ifSet('endTime', execution.endTime),
    ...ifSet('exitCode', execution.exitCode),
    ...ifSet('failureInfo', execution.failureInfo),
    retryCount: execution.retryCount,
    ...ifSet('lastRetryTime', execution.lastRetryTime),
    requeueCount: execution.requeueCount,
    ...ifSet('lastRequeueTime', execution.lastRequeueTime),
    ...ifSet('result', execution.result),
  };
}

function toNodeInfo(
  task: Task,
  { poolId, nodeId }: TaskAssignment,
  baseUrl: string,
): Shown<typeof cloudTask>['nodeInfo'] & object {
  const url = nodeUrl(poolId, nodeId, baseUrl);
  const taskRootDirectory = taskDirectory(task.jobId, task.definition.id);
  return {
    affinityId: `TVM:${nodeId}`,
    nodeUrl: url,
    poolId,
    nodeId,
    taskRootDirectory,
    taskRootDirectoryUrl: `${url}/files/${taskRootDirectory}`,
  };
}
