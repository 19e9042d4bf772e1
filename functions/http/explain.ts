// The operation that explains a job: an extension to Batch, docs/explain.md.
import { app } from '@azure/functions';
import { explainJob } from '../../shared/explanations/explain-job.js';
import { pathId } from '../../shared/rest/resource-query.js';
import { createOperation } from '../../shared/rest/operation.js';
import { getServices } from '../../shared/services.js';

const operation = createOperation(getServices);

app.http('explain-job', {
  methods: ['GET'],
  route: 'jobs/{jobId}/explain',
  authLevel: 'anonymous',
  handler: operation('explain-job', {}, async (request, services) => {
    const json = await explainJob(services, pathId(request, 'jobId'));
    return { status: 200, metadata: 'jobexplanation/@Element', json };
  }),
});
