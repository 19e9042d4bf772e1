// Which output files are due, by how the command ended. Pure.
import type { OutputFile } from '../shared/tasks/resource-file.js';
import type { EndedState, RunningState } from './run-record.js';

/** The output files to be uploaded before this end is told; none of a command that did not end by itself. */
export function dueOutputFiles({ definition }: RunningState, end: EndedState): readonly OutputFile[] {
  if (end.ending !== 'exited') return [];
  return (definition.outputFiles ?? []).filter(({ uploadOptions: { uploadCondition } }) => {
    if (uploadCondition === 'taskcompletion') return true;
    return (end.exitCode === 0) === (uploadCondition === 'tasksuccess');
  });
}
