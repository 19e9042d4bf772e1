// Why a run failed, in Batch's codes, as far as only its node can know. Texts follow what clients of Batch see from it.
import type { FailureInfo } from '../shared/tasks/run-definition.js';

/** `maxWallClockTime` was over. Category as Batch's article on errors has it. */
export const wallClockExceeded: FailureInfo = {
  category: 'servererror',
  code: 'TaskEnded',
  message: 'The task was ended because its time was over',
  details: [{ name: 'Message', value: 'The maximum execution time configured on the task was exceeded' }],
};

/** The program named by the command line is not there; `message` is the operating system's. */
export function programNotFound(message: string): FailureInfo {
  return {
    category: 'usererror',
    code: 'CommandProgramNotFound',
    message: 'The program named by the command line was not found',
    details: [{ name: 'Message', value: message }],
  };
}

/** The command line cannot be read, or the operating system refused to start it. */
export function launchFailed(message: string): FailureInfo {
  return {
    category: 'usererror',
    code: 'CommandLaunchFailed',
    message: 'The command line could not be started',
    details: [{ name: 'Message', value: message }],
  };
}

/** The node could not make what the task needs before its start. */
export function nodeCouldNot(code: 'ResourceDirectoryCreateFailed' | 'Unknown', message: string): FailureInfo {
  return {
    category: 'servererror',
    code,
    message: 'The node could not prepare the start of the task',
    details: [{ name: 'Message', value: message }],
  };
}
