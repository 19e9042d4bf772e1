// Why a job does not take a task, whatever it looks like by itself.
import { BatchError } from '../errors.js';
import type { Job } from '../jobs/job.js';
import { maxDocumentCharacters } from '../tables/document.js';
import { optionsIn } from './exit-conditions.js';
import type { TaskDefinition } from './task.js';

/** The refusal of one task by its job, if any. https://learn.microsoft.com/rest/api/batchservice/task/add */
export function refusalOf(job: Job, definition: TaskDefinition): BatchError | undefined {
  return refusalOfId(job, definition) ?? refusalOfOptions(job, definition) ?? refusalOfLength(definition);
}

function refusalOfId({ definition: job }: Job, { id }: TaskDefinition): BatchError | undefined {
  const same = (other: string | undefined): boolean => other?.toLowerCase() === id.toLowerCase();
  if (same(job.jobPreparationTask?.id))
    return new BatchError('TaskIdSameAsJobPreparationTask', `Task '${id}' has the id of job '${job.id}'s preparation`);
  if (same(job.jobReleaseTask?.id))
    return new BatchError('TaskIdSameAsJobReleaseTask', `Task '${id}' has the id of job '${job.id}'s release`);
  return undefined;
}

function refusalOfOptions({ definition: job }: Job, task: TaskDefinition): BatchError | undefined {
  if (task.dependsOn !== undefined && job.usesTaskDependencies !== true)
    return new BatchError(
      'TaskDependenciesNotSpecifiedOnJob',
      `Task '${task.id}' depends on others, but job '${job.id}' was added without usesTaskDependencies`,
      { PropertyName: 'dependsOn' },
    );
  const action = optionsIn(task.exitConditions ?? {}).find(({ jobAction }) => jobAction !== undefined)?.jobAction;
  if (action !== undefined && job.onTaskFailure === 'noaction')
    return new BatchError(
      'InvalidPropertyValue',
      `Task '${task.id}' asks for an action on job '${job.id}', whose onTaskFailure is noaction`,
      {
        PropertyName: 'jobAction',
        PropertyValue: action,
        Reason: "it needs a job whose onTaskFailure is 'performexitoptionsjobaction'",
      },
    );
  return undefined;
}

function refusalOfLength(definition: TaskDefinition): BatchError | undefined {
  const { length } = JSON.stringify(definition);
  if (length <= maxDocumentCharacters) return undefined;
  return new BatchError(
    'RequestBodyTooLarge',
    `Task '${definition.id}' is ${length} characters long; at most ${maxDocumentCharacters} can be kept`,
  );
}
