// Whatever a client sends as a body: it is taken or refused in Batch's terms, and what is taken survives storage.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchError } from '../../../shared/errors.js';
import { parseJobAdd, parseTerminate } from '../../../shared/jobs/job-body.js';
import { parsePoolAdd } from '../../../shared/pools/pool-body.js';
import { errorCatalogue } from '../../../shared/rest/error-catalogue.js';
import { readTaskCollection } from '../../../shared/tasks/task-collection-resource.js';
import { parseTaskAdd } from '../../../shared/tasks/task-resource.js';

const job = {
  id: 'J',
  displayName: 'd',
  priority: 1,
  maxParallelTasks: -1,
  allowTaskPreemption: false,
  constraints: { maxWallClockTime: 'P10675199DT2H48M5.4775807S', maxTaskRetryCount: 1 },
  jobManagerTask: null,
  jobPreparationTask: {
    id: 'p',
    commandLine: 'c',
    environmentSettings: [{ name: 'n', value: 'v' }],
    constraints: { maxWallClockTime: 'PT1M', retentionTime: 'P1D', maxTaskRetryCount: 1 },
    waitForSuccess: true,
    userIdentity: { autoUser: { scope: 'pool', elevationLevel: 'nonadmin' } },
  },
  jobReleaseTask: { id: 'r', commandLine: 'c', maxWallClockTime: 'PT1M', retentionTime: 'P1D' },
  commonEnvironmentSettings: [],
  poolInfo: { poolId: 'P' },
  onAllTasksComplete: 'noaction',
  metadata: [{ name: 'k', value: 'v' }],
};
const task = { id: 't', commandLine: 'c', constraints: { retentionTime: 'P1D' }, requiredSlots: 1, dependsOn: {} };
const pool = {
  id: 'P',
  vmSize: 's',
  virtualMachineConfiguration: { imageReference: { publisher: 'p' }, nodeAgentSKUId: 'n' },
  resizeTimeout: 'PT5M',
  targetDedicatedNodes: 1,
  taskSchedulingPolicy: { nodeFillType: 'pack' },
  metadata: [],
};

/** Every path in `value`, of objects and lists alike. */
function pathsOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, item]) => pathsOf(item, [...path, name]))];
}

/** A copy of `value` with another one at `path`. */
function withAt(value: unknown, [name, ...rest]: readonly string[], replacement: unknown): unknown {
  if (name === undefined) return replacement;
  if (Array.isArray(value))
    return value.map((item, at) => (String(at) === name ? withAt(item, rest, replacement) : item));
  const inner = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return { ...(value as object), [name]: withAt(inner, rest, replacement) };
}

describe.each<[string, (json: unknown) => unknown, unknown]>([
  ['a job', parseJobAdd, job],
  ['a termination', parseTerminate, { terminateReason: 'r' }],
  ['a task', (json) => parseTaskAdd(json, 0), task],
  ['a task collection', (json) => readTaskCollection(json, 0).definitions, { value: [task] }],
  ['a pool', parsePoolAdd, pool],
])('%s', (_, parse, good) => {
  const holdsFor = (body: unknown): void => {
    try {
      const taken = parse(body);
      expect(JSON.parse(JSON.stringify(taken))).toEqual(taken);
    } catch (error) {
      if (!(error instanceof BatchError)) throw error;
      expect(errorCatalogue[error.code].status).toBeLessThan(500);
      expect(JSON.stringify(error.values).length).toBeLessThan(2000);
    }
  };

  test('is taken as it should be', () => {
    expect(() => parse(good)).not.toThrow();
  });

  test('is taken or refused whatever it is', () => {
    fc.assert(fc.property(fc.jsonValue(), holdsFor), { numRuns: 200 });
  });

  test('is taken or refused whatever stands in one place of it', () => {
    const place = fc.constantFrom(...pathsOf(good));
    const property = fc.property(place, fc.jsonValue(), (path, value) => holdsFor(withAt(good, path, value)));
    fc.assert(property, { numRuns: 500 });
  });
});
