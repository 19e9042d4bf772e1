// The REST operations on jobs. https://learn.microsoft.com/rest/api/batchservice/job
import { app } from '@azure/functions';
import {
  preparationAndReleaseFilters,
  preparationAndReleaseProperties,
} from '../../shared/job-nodes/job-node-filters.js';
import { toPreparationAndReleaseStatus } from '../../shared/job-nodes/job-node-resource.js';
import { listPreparationAndRelease } from '../../shared/job-nodes/list-preparation-and-release.js';
import { addJob } from '../../shared/jobs/add-job.js';
import { deleteJob } from '../../shared/jobs/delete-job.js';
import { disableJob, enableJob } from '../../shared/jobs/disable-job.js';
import { parseDisable, parseJobAdd, parseTerminate } from '../../shared/jobs/job-body.js';
import { toIdempotentRequest } from '../../shared/jobs/idempotency-key.js';
import { parseJobPatch, parseJobUpdate } from '../../shared/jobs/job-update-body.js';
import { jobFilters, jobProperties } from '../../shared/jobs/job-filters.js';
import { jobUrl, toJobResource } from '../../shared/jobs/job-resource.js';
import { listJobs, loadJob } from '../../shared/jobs/read-jobs.js';
import { terminateJob } from '../../shared/jobs/terminate-job.js';
import { updateJob } from '../../shared/jobs/update-job.js';
import { getQuery, listQuery, listResources, pathId, selectFrom } from '../../shared/rest/resource-query.js';
import { toValidators } from '../../shared/rest/etag.js';
import { attemptFilters, toAttemptsResource } from '../../shared/job-nodes/attempt-resource.js';
import { createOperation } from '../../shared/rest/operation.js';
import { getServices } from '../../shared/services.js';
import { countTasks } from '../../shared/tasks/count-tasks.js';

const operation = createOperation(getServices);

app.http('add-job', {
  methods: ['POST'],
  route: 'jobs',
  authLevel: 'anonymous',
  handler: operation('add-job', { body: 'required' }, async ({ json, header, baseUrl }, services) => {
    const request = toIdempotentRequest(header('idempotency-key'), json);
    const job = await addJob(services, parseJobAdd(json), request);
    const location = jobUrl(job.definition.id, baseUrl);
    // A repeated request is answered as the first, although the job may have changed since.
    return { status: 201, location, dataServiceId: true, ...toValidators(job.creationTime) };
  }),
});

app.http('list-jobs', {
  methods: ['GET'],
  route: 'jobs',
  authLevel: 'anonymous',
  handler: operation('list-jobs', { query: listQuery }, async (request, services) => {
    const list = await listResources(request, {
      filters: jobFilters,
      properties: jobProperties,
      readPage: (page) => listJobs(services, page),
      byId: { read: (id) => loadJob(services, id), absent: 'JobNotFound' },
      toResource: (job) => toJobResource(job, request.baseUrl),
    });
    return { status: 200, metadata: 'jobs', list };
  }),
});

app.http('get-job', {
  methods: ['GET'],
  route: 'jobs/{jobId}',
  authLevel: 'anonymous',
  handler: operation('get-job', { query: getQuery, conditional: true }, async (request, services) => {
    const job = await loadJob(services, pathId(request, 'jobId'));
    const json = selectFrom(request, toJobResource(job, request.baseUrl), jobProperties);
    return { status: 200, metadata: 'jobs/@Element', json, ...toValidators(job.lastModified) };
  }),
});

app.http('terminate-job', {
  methods: ['POST'],
  route: 'jobs/{jobId}/terminate',
  authLevel: 'anonymous',
  handler: operation(
    'terminate-job',
    { query: ['force'], conditional: true, body: 'optional' },
    async (request, services) => {
      const { json, conditions } = request;
      const asked = { ...parseTerminate(json), force: request.flag('force'), conditions };
      const job = await terminateJob(services, pathId(request, 'jobId'), asked);
      return { status: 202, dataServiceId: true, ...toValidators(job.lastModified) };
    },
  ),
});

app.http('disable-job', {
  methods: ['POST'],
  route: 'jobs/{jobId}/disable',
  authLevel: 'anonymous',
  handler: operation('disable-job', { conditional: true, body: 'required' }, async (request, services) => {
    const { json, conditions } = request;
    const job = await disableJob(services, pathId(request, 'jobId'), { ...parseDisable(json), conditions });
    return { status: 202, dataServiceId: true, ...toValidators(job.lastModified) };
  }),
});

app.http('enable-job', {
  methods: ['POST'],
  route: 'jobs/{jobId}/enable',
  authLevel: 'anonymous',
  handler: operation('enable-job', { conditional: true, body: 'optional' }, async (request, services) => {
    const job = await enableJob(services, pathId(request, 'jobId'), { conditions: request.conditions });
    return { status: 202, dataServiceId: true, ...toValidators(job.lastModified) };
  }),
});

app.http('patch-job', {
  methods: ['PATCH'],
  route: 'jobs/{jobId}',
  authLevel: 'anonymous',
  handler: operation('patch-job', { conditional: true, body: 'required' }, async (request, services) => {
    const { json, conditions } = request;
    const job = await updateJob(services, pathId(request, 'jobId'), { changes: parseJobPatch(json), conditions });
    return { status: 200, dataServiceId: true, ...toValidators(job.lastModified) };
  }),
});

app.http('update-job', {
  methods: ['PUT'],
  route: 'jobs/{jobId}',
  authLevel: 'anonymous',
  handler: operation('update-job', { conditional: true, body: 'required' }, async (request, services) => {
    const { json, conditions } = request;
    const job = await updateJob(services, pathId(request, 'jobId'), { changes: parseJobUpdate(json), conditions });
    return { status: 200, dataServiceId: true, ...toValidators(job.lastModified) };
  }),
});

app.http('get-task-counts', {
  methods: ['GET'],
  route: 'jobs/{jobId}/taskcounts',
  authLevel: 'anonymous',
  handler: operation('get-task-counts', {}, async (request, services) => {
    const json = await countTasks(services, pathId(request, 'jobId'));
    return { status: 200, metadata: 'taskcountsresult/@Element', json };
  }),
});

app.http('delete-job', {
  methods: ['DELETE'],
  route: 'jobs/{jobId}',
  authLevel: 'anonymous',
  handler: operation('delete-job', { query: ['force'], conditional: true }, async (request, services) => {
    const { conditions } = request;
    await deleteJob(services, pathId(request, 'jobId'), { force: request.flag('force'), conditions });
    return { status: 202 };
  }),
});

app.http('list-preparation-and-release-status', {
  methods: ['GET'],
  route: 'jobs/{jobId}/jobpreparationandreleasetaskstatus',
  authLevel: 'anonymous',
  handler: operation(
    'list-preparation-and-release-status',
    { query: ['$filter', '$select', 'maxresults'] },
    async (request, services) => {
      const jobId = pathId(request, 'jobId');
      const list = await listResources(request, {
        filters: preparationAndReleaseFilters,
        properties: preparationAndReleaseProperties,
        readPage: (page) => listPreparationAndRelease(services, jobId, page),
        toResource: ({ jobNode, job }) => toPreparationAndReleaseStatus(jobNode, job, request.baseUrl),
      });
      return { status: 200, metadata: 'jobpreparationandreleasetaskstatuslist', list };
    },
  ),
});

// An extension: every attempt of preparation and release by itself, where Batch shows the last one only.
app.http('list-preparation-and-release-attempts', {
  methods: ['GET'],
  route: 'jobs/{jobId}/jobpreparationandreleasetaskattempts',
  authLevel: 'anonymous',
  handler: operation(
    'list-preparation-and-release-attempts',
    { query: ['$filter', 'maxresults'] },
    async (request, services) => {
      const jobId = pathId(request, 'jobId');
      const list = await listResources(request, {
        filters: attemptFilters,
        readPage: (page) => listPreparationAndRelease(services, jobId, page),
        toResource: ({ jobNode, job }) => toAttemptsResource(jobNode, job, request.baseUrl),
      });
      return { status: 200, metadata: 'jobpreparationandreleasetaskattempts', list };
    },
  ),
});
