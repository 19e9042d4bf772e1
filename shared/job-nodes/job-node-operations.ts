// The operations that tell how preparation and release went on each node.
// https://learn.microsoft.com/rest/api/batchservice/job/list-preparation-and-release-task-status
import { preparationAndReleaseFilters, preparationAndReleaseProperties } from './job-node-filters.js';
import { toPreparationAndReleaseStatus } from './job-node-resource.js';
import { listPreparationAndRelease } from './list-preparation-and-release.js';
import { continueAfterJobNode } from './read-job-nodes.js';
import { listResources, pathId } from '../rest/resource-query.js';
import { attemptFilters, toAttemptsResource } from './attempt-resource.js';
import { preparationAndReleaseAttempts, preparationAndReleaseStatus } from './job-node-schema.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { listOf } from '../rest/success.js';

export const jobNodeOperations: readonly OperationDefinition[] = [
  {
    name: 'list-preparation-and-release-status',
    verb: 'GET',
    route: 'jobs/{jobId}/jobpreparationandreleasetaskstatus',
    summary: 'Lists how the preparation and release of a job went on each node.',
    query: ['$filter', '$select', 'maxresults'],
    success: listOf('jobpreparationandreleasetaskstatuslist', preparationAndReleaseStatus),
    handle: async (request, services) => {
      const jobId = pathId(request, 'jobId');
      const list = await listResources(request, {
        filters: preparationAndReleaseFilters,
        properties: preparationAndReleaseProperties,
        readPage: (page) => listPreparationAndRelease(services, jobId, page),
        continueAfter: ({ jobNode }) => continueAfterJobNode(jobNode),
        toResource: ({ jobNode, job }) => toPreparationAndReleaseStatus(jobNode, job, request.baseUrl),
      });
      return { list };
    },
  },
  {
    name: 'list-preparation-and-release-attempts',
    verb: 'GET',
    route: 'jobs/{jobId}/jobpreparationandreleasetaskattempts',
    summary: 'Lists every attempt of the preparation and release of a job on each node.',
    isExtension: true,
    query: ['$filter', 'maxresults'],
    success: listOf('jobpreparationandreleasetaskattempts', preparationAndReleaseAttempts),
    handle: async (request, services) => {
      const jobId = pathId(request, 'jobId');
      const list = await listResources(request, {
        filters: attemptFilters,
        readPage: (page) => listPreparationAndRelease(services, jobId, page),
        continueAfter: ({ jobNode }) => continueAfterJobNode(jobNode),
        toResource: ({ jobNode, job }) => toAttemptsResource(jobNode, job, request.baseUrl),
      });
      return { list };
    },
  },
];
