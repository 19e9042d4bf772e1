// Why runs fail, in Batch's codes: what node and controller both have to say.
import type { FailureInfo } from './run-definition.js';

/** The command ended with a code other than 0. The text follows what clients of Batch see from it. */
export const failureExitCode: FailureInfo = {
  category: 'usererror',
  code: 'FailureExitCode',
  message: 'The task exited with an exit code representing a failure',
  details: [
    { name: 'Message', value: 'The task process exited with an unexpected exit code' },
    { name: 'AdditionalErrorCode', value: 'FailureExitCode' },
  ],
};
