// Which actions the end of a task calls for.
import { describe, expect, test } from 'vitest';
import type { ExitConditions } from '../../../shared/tasks/exit-conditions.js';
import { decideExitOptions, type TaskExit } from '../../../shared/tasks/exit-decisions.js';

const failure = (code: string, category: 'usererror' | 'servererror' = 'usererror') => ({
  result: 'failure' as const,
  failureInfo: { category, code, message: '' },
});
const success: TaskExit = { result: 'success', exitCode: 0 };
const exit3: TaskExit = { ...failure('FailureExitCode'), exitCode: 3 };
const upload: TaskExit = { ...failure('FileUploadMiscError'), exitCode: 0 };
const notStarted: TaskExit = failure('CommandProgramNotFound');
const ended: TaskExit = { ...failure('TaskEnded'), exitCode: 137 };

const disable = { jobAction: 'disable' } as const;
const satisfy = { dependencyAction: 'satisfy' } as const;
const block = { dependencyAction: 'block' } as const;

describe('the end of a task calls for', () => {
  test.each<[given: string, exit: TaskExit, conditions: ExitConditions, job: string, dependency: string]>([
    ['a success', success, {}, 'none', 'satisfy'],
    ['a success that default does not speak of', success, { default: { ...disable, ...block } }, 'none', 'satisfy'],
    ['a listed exit code 0', success, { exitCodes: [{ code: 0, exitOptions: block }] }, 'none', 'block'],
    ['an exit code that nobody listed', exit3, {}, 'terminate', 'block'],
    ['an exit code by default', exit3, { default: satisfy }, 'terminate', 'satisfy'],
    ['a listed exit code', exit3, { exitCodes: [{ code: 3, exitOptions: disable }] }, 'disable', 'block'],
    [
      'an exit code at the bound of a range',
      exit3,
      { exitCodeRanges: [{ start: 3, end: 3, exitOptions: satisfy }] },
      'terminate',
      'satisfy',
    ],
    [
      'an exit code that is listed and in a range',
      exit3,
      {
        exitCodes: [{ code: 3, exitOptions: satisfy }],
        exitCodeRanges: [{ start: 1, end: 9, exitOptions: block }],
      },
      'terminate',
      'satisfy',
    ],
    ['a start that failed', notStarted, { preProcessingError: disable, default: satisfy }, 'disable', 'block'],
    ['a start that failed, by default', notStarted, { default: disable }, 'disable', 'block'],
    ['an upload that failed', upload, { fileUploadError: satisfy }, 'terminate', 'satisfy'],
    [
      'an upload that failed after a listed exit code',
      upload,
      { exitCodes: [{ code: 0, exitOptions: disable }], fileUploadError: satisfy },
      'disable',
      'block',
    ],
    ['a request', ended, {}, 'none', 'block'],
    ['a request, by conditions', ended, { default: { jobAction: 'terminate' } }, 'terminate', 'block'],
    ['a request before any start', failure('TaskEnded'), { preProcessingError: satisfy }, 'none', 'block'],
    ['its time limit', { ...failure('TaskEnded', 'servererror'), exitCode: 137 }, {}, 'terminate', 'block'],
  ])('after %s', (_, exit, conditions, jobAction, dependencyAction) => {
    expect(decideExitOptions(exit, conditions)).toEqual({ jobAction, dependencyAction });
  });
});
