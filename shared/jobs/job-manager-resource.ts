// A job manager task in Batch's JSON, both ways.
// https://learn.microsoft.com/rest/api/batchservice/job/add#jobmanagertask
import type { Shown } from '../rest/answer-types.js';
import type { shownManager } from './job-schema.js';
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { commandLineText, displayNameText, idText, unsupported } from '../rest/body-types.js';
import { fromOutputFiles, fromResourceFiles, outputFilesBody, resourceFilesBody } from '../tasks/file-body.js';
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
} from '../tasks/run-resource.js';
import type { JobManager } from './job-manager.js';

/** Batch's own bound on the slots of a node, and so on what a task can ask for. */
const maxSlots = 256;

export const jobManagerBody = z
  .strictObject({
    id: idText,
    displayName: displayNameText.optional(),
    commandLine: commandLineText,
    containerSettings: unsupported,
    resourceFiles: resourceFilesBody.optional(),
    outputFiles: outputFilesBody.optional(),
    environmentSettings: environmentSettingsBody.optional(),
    constraints: constraintsBody.optional(),
    requiredSlots: z.int().min(1).max(maxSlots).default(1),
    killJobOnCompletion: z.boolean().default(true),
    userIdentity: userIdentityBody.optional(),
    runExclusive: z.boolean().default(true),
    applicationPackageReferences: unsupported,
    authenticationTokenSettings: unsupported,
    allowLowPriorityNode: z.boolean().default(true),
  })
  .register(named, { id: 'JobManagerTaskParameter' });

/** The manager; without an own retry count it gets `inheritedRetryCount`, its job's. */
export function fromJobManager(body: z.output<typeof jobManagerBody>, inheritedRetryCount: number): JobManager {
  return {
    task: {
      id: body.id,
      ...(body.displayName !== undefined && { displayName: body.displayName }),
      commandLine: body.commandLine,
      ...fromResourceFiles(body.resourceFiles),
      ...fromOutputFiles(body.outputFiles),
      environmentSettings: fromEnvironmentSettings(body.environmentSettings),
      constraints: fromConstraints(body.constraints, inheritedRetryCount),
      requiredSlots: body.requiredSlots,
      ...(body.runExclusive && { runExclusive: true as const }),
      userIdentity: fromUserIdentity(body.userIdentity),
    },
    killJobOnCompletion: body.killJobOnCompletion,
    allowLowPriorityNode: body.allowLowPriorityNode,
  };
}

/** The manager with every default spelled out. */
export function toJobManager({
  task,
  killJobOnCompletion,
  allowLowPriorityNode,
}: JobManager): Shown<typeof shownManager> {
  return {
    id: task.id,
    ...ifSet('displayName', task.displayName),
    commandLine: task.commandLine,
    ...ifSet('resourceFiles', task.resourceFiles),
    ...ifSet('outputFiles', task.outputFiles),
    ...unlessEmpty('environmentSettings', task.environmentSettings),
    constraints: toConstraints(task.constraints),
    requiredSlots: task.requiredSlots,
    killJobOnCompletion,
    userIdentity: task.userIdentity,
    runExclusive: task.runExclusive === true,
    allowLowPriorityNode,
  };
}
