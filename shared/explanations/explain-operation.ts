// The operation that explains a job: an extension to Batch, docs/explain.md.
import { explainJob } from './explain-job.js';
import { pathId } from '../rest/resource-query.js';
import { shownExplanation } from './explanation-schema.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { elementOf } from '../rest/success.js';

export const explainOperations: readonly OperationDefinition[] = [
  {
    name: 'explain-job',
    verb: 'GET',
    route: 'jobs/{jobId}/explain',
    summary: 'Says in words and codes what a job waits for, why, and what happens next.',
    isExtension: true,
    success: elementOf('jobexplanation/@Element', shownExplanation),
    handle: async (request, services) => {
      const json = await explainJob(services, pathId(request, 'jobId'));
      return { json };
    },
  },
];
