// The operations that move a job from one state to another. https://learn.microsoft.com/rest/api/batchservice/job
import { disableJob, enableJob } from './disable-job.js';
import { parseDisable, parseTerminate, jobTerminateBody, jobDisableBody } from './job-body.js';
import { terminateJob } from './terminate-job.js';
import { pathId } from '../rest/resource-query.js';
import { toValidators } from '../rest/etag.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { changed } from '../rest/success.js';

export const jobStateOperations: readonly OperationDefinition[] = [
  {
    name: 'disable-job',
    verb: 'POST',
    route: 'jobs/{jobId}/disable',
    summary: 'Keeps the tasks of a job from running until it is enabled again.',
    conditional: true,
    body: 'required',
    bodySchema: jobDisableBody,
    success: changed(202),
    handle: async (request, services) => {
      const { json, conditions } = request;
      const job = await disableJob(services, pathId(request, 'jobId'), { ...parseDisable(json), conditions });
      return toValidators(job.lastModified);
    },
  },
  {
    name: 'enable-job',
    verb: 'POST',
    route: 'jobs/{jobId}/enable',
    summary: 'Lets the tasks of a disabled job run again.',
    conditional: true,
    body: 'optional',
    success: changed(202),
    handle: async (request, services) => {
      const job = await enableJob(services, pathId(request, 'jobId'), { conditions: request.conditions });
      return toValidators(job.lastModified);
    },
  },
  {
    name: 'terminate-job',
    verb: 'POST',
    route: 'jobs/{jobId}/terminate',
    summary: 'Ends a job: its tasks are stopped, its releases run, then it is completed.',
    query: ['force'],
    conditional: true,
    body: 'optional',
    bodySchema: jobTerminateBody,
    success: changed(202),
    handle: async (request, services) => {
      const { json, conditions } = request;
      const asked = { ...parseTerminate(json), force: request.flag('force'), conditions };
      const job = await terminateJob(services, pathId(request, 'jobId'), asked);
      return toValidators(job.lastModified);
    },
  },
];
