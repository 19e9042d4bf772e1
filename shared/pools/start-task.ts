// A pool's start task as Batch's JSON has it, both ways, and how one definition is told from another.
// https://learn.microsoft.com/rest/api/batchservice/pool/add#starttask
import type { Shown } from '../rest/answer-types.js';
import type { shownStartTask } from './pool-schema.js';
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { hashOf } from '../hash.js';
import { commandLineText, unsupported } from '../rest/body-types.js';
import { fromResourceFiles, resourceFilesBody } from '../tasks/file-body.js';
import {
  environmentSettingsBody,
  fromEnvironmentSettings,
  fromUserIdentity,
  ifSet,
  retryCountBody,
  unlessEmpty,
  userIdentityBody,
} from '../tasks/run-resource.js';
import type { StartTaskDefinition } from './pool.js';

export const startTaskBody = z
  .strictObject({
    commandLine: commandLineText,
    containerSettings: unsupported,
    resourceFiles: resourceFilesBody.optional(),
    environmentSettings: environmentSettingsBody.optional(),
    userIdentity: userIdentityBody.optional(),
    maxTaskRetryCount: retryCountBody.default(0),
    waitForSuccess: z.boolean().default(true),
  })
  .register(named, { id: 'StartTaskParameter' });

export function fromStartTask(body: z.output<typeof startTaskBody>): StartTaskDefinition {
  return {
    commandLine: body.commandLine,
    ...fromResourceFiles(body.resourceFiles),
    environmentSettings: fromEnvironmentSettings(body.environmentSettings),
    userIdentity: fromUserIdentity(body.userIdentity),
    maxTaskRetryCount: body.maxTaskRetryCount,
    waitForSuccess: body.waitForSuccess,
  };
}

/** The start task with every default spelled out. */
export function toStartTask(definition: StartTaskDefinition): Shown<typeof shownStartTask> {
  return {
    commandLine: definition.commandLine,
    ...ifSet('resourceFiles', definition.resourceFiles),
    ...unlessEmpty('environmentSettings', definition.environmentSettings),
    userIdentity: definition.userIdentity,
    maxTaskRetryCount: definition.maxTaskRetryCount,
    waitForSuccess: definition.waitForSuccess,
  };
}

/** Equal for equal definitions. */
export const startTaskHash = (definition: StartTaskDefinition): string => hashOf(JSON.stringify(definition));
