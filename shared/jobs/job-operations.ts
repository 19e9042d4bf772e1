// The operations on jobs themselves. https://learn.microsoft.com/rest/api/batchservice/job
import { addJob } from './add-job.js';
import { deleteJob } from './delete-job.js';
import { parseJobAdd, jobAddBody } from './job-body.js';
import { toIdempotentRequest } from './idempotency-key.js';
import { parseJobPatch, parseJobUpdate, jobPatchBody, jobUpdateBody } from './job-update-body.js';
import { jobFilters, jobProperties } from './job-filters.js';
import { jobUrl, toJobResource } from './job-resource.js';
import { continueAfterJob, listJobs } from './list-jobs.js';
import { loadJob } from './read-jobs.js';
import { updateJob } from './update-job.js';
import { getQuery, listQuery, listResources, pathId, selectFrom } from '../rest/resource-query.js';
import { toValidators } from '../rest/etag.js';
import { cloudJob } from './job-schema.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { changed, created, done, entityOf, listOf } from '../rest/success.js';

export const jobOperations: readonly OperationDefinition[] = [
  {
    name: 'add-job',
    verb: 'POST',
    route: 'jobs',
    summary: 'Adds a job.',
    body: 'required',
    bodySchema: jobAddBody,
    reads: ['Idempotency-Key'],
    success: created(),
    handle: async ({ json, header, baseUrl }, services) => {
      const request = toIdempotentRequest(header('idempotency-key'), json);
      const job = await addJob(services, parseJobAdd(json), request);
      const location = jobUrl(job.definition.id, baseUrl);
      // A repeated request is answered as the first, although the job may have changed since.
      return { location, ...toValidators(job.creationTime) };
    },
  },
  {
    name: 'list-jobs',
    verb: 'GET',
    route: 'jobs',
    summary: 'Lists the jobs of the account.',
    query: listQuery,
    success: listOf('jobs', cloudJob),
    handle: async (request, services) => {
      const list = await listResources(request, {
        filters: jobFilters,
        properties: jobProperties,
        readPage: (page) => listJobs(services, page),
        continueAfter: continueAfterJob,
        byId: { read: (id) => loadJob(services, id), absent: 'JobNotFound' },
        toResource: (job) => toJobResource(job, request.baseUrl),
      });
      return { list };
    },
  },
  {
    name: 'get-job',
    verb: 'GET',
    route: 'jobs/{jobId}',
    summary: 'Shows a job.',
    query: getQuery,
    conditional: true,
    success: entityOf('jobs/@Element', cloudJob),
    handle: async (request, services) => {
      const job = await loadJob(services, pathId(request, 'jobId'));
      const json = selectFrom(request, toJobResource(job, request.baseUrl), jobProperties);
      return { json, ...toValidators(job.lastModified) };
    },
  },
  {
    name: 'patch-job',
    verb: 'PATCH',
    route: 'jobs/{jobId}',
    summary: 'Changes the named properties of a job.',
    conditional: true,
    body: 'required',
    bodySchema: jobPatchBody,
    success: changed(200),
    handle: async (request, services) => {
      const { json, conditions } = request;
      const job = await updateJob(services, pathId(request, 'jobId'), { changes: parseJobPatch(json), conditions });
      return toValidators(job.lastModified);
    },
  },
  {
    name: 'update-job',
    verb: 'PUT',
    route: 'jobs/{jobId}',
    summary: 'Changes all changeable properties of a job; what is left out goes back to its default.',
    conditional: true,
    body: 'required',
    bodySchema: jobUpdateBody,
    success: changed(200),
    handle: async (request, services) => {
      const { json, conditions } = request;
      const job = await updateJob(services, pathId(request, 'jobId'), { changes: parseJobUpdate(json), conditions });
      return toValidators(job.lastModified);
    },
  },
  {
    name: 'delete-job',
    verb: 'DELETE',
    route: 'jobs/{jobId}',
    summary: 'Deletes a job with its tasks, once its releases have run.',
    query: ['force'],
    conditional: true,
    success: done(202),
    handle: async (request, services) => {
      const { conditions } = request;
      await deleteJob(services, pathId(request, 'jobId'), { force: request.flag('force'), conditions });
      return {};
    },
  },
];
