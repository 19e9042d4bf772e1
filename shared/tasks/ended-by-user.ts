// How a task ends that its user ended, or that was killed because its job ended.
import type { FailureInfo } from './run-definition.js';

export const endedByUser: FailureInfo = {
  category: 'usererror',
  code: 'TaskEnded',
  message: 'The task was ended by a user request',
};
