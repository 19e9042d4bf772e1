// Which exit options a task's end calls for.
// https://learn.microsoft.com/rest/api/batchservice/task/add (ExitConditions, ExitOptions)
import type { FailureInfo } from './run-definition.js';
import type { ExitActions, ExitConditions, ExitOptions } from './exit-conditions.js';

/** How a task ended, as far as exit conditions look at it. */
export type TaskExit = {
  readonly result?: 'success' | 'failure';
  readonly exitCode?: number;
  readonly failureInfo?: FailureInfo;
};

/**
 * The actions for this end. A listed exit code goes before a range, and both before what says why the task failed; `default` stands for
 * whatever is not listed, except exit code 0, which has to be listed to be treated otherwise than as a success.
 */
export function decideExitOptions(exit: TaskExit, conditions: ExitConditions = {}): ExitActions {
  const given = byExitCode(exit, conditions) ?? byFailure(exit, conditions) ?? {};
  const isSuccess = exit.result === 'success';
  return {
    jobAction: given.jobAction ?? (isSuccess || isEndedByUser(exit) ? 'none' : 'terminate'),
    dependencyAction: given.dependencyAction ?? (isSuccess ? 'satisfy' : 'block'),
  };
}

function byExitCode({ exitCode }: TaskExit, { exitCodes = [], exitCodeRanges = [] }: ExitConditions) {
  if (exitCode === undefined) return undefined;
  const listed = exitCodes.find(({ code }) => code === exitCode);
  const ranged = exitCodeRanges.find(({ start, end }) => start <= exitCode && exitCode <= end);
  return (listed ?? ranged)?.exitOptions;
}

function byFailure(exit: TaskExit, conditions: ExitConditions): ExitOptions | undefined {
  if (exit.result === 'success') return undefined;
  const isUpload = exit.failureInfo?.code.startsWith('FileUpload') === true;
  if (isUpload) return conditions.fileUploadError ?? conditions.default;
  // A task that could not be started has no exit code; one that was ended before its start was ended by somebody.
  const isPreProcessing = exit.exitCode === undefined && exit.failureInfo?.code !== 'TaskEnded';
  return (isPreProcessing ? conditions.preProcessingError : undefined) ?? conditions.default;
}

/** Whoever ends a task by request says nothing about its job: only conditions that were given act on it then. */
function isEndedByUser({ failureInfo }: TaskExit): boolean {
  return failureInfo?.code === 'TaskEnded' && failureInfo.category === 'usererror';
}
