// The operations on what a deployment declares of its account: applications, and images that pools can name.
import { BatchError } from '../errors.js';
import { fixedList } from '../rest/fixed-list.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { listResources, pathId } from '../rest/resource-query.js';
import { elementOf, listOf } from '../rest/success.js';
import { applicationSummary, imageInformation } from './account-schema.js';
import { supportedImageFilters, type SupportedImage } from './supported-image.js';

export const accountOperations: readonly OperationDefinition[] = [
  {
    name: 'list-applications',
    verb: 'GET',
    route: 'applications',
    summary: 'Lists the applications of the account.',
    query: ['maxresults'],
    success: listOf('applications', applicationSummary),
    handle: async (request, { config }) => {
      const source = fixedList(config.applications, ({ id }) => id.toLowerCase());
      return { list: await listResources(request, { filters: {}, ...source }) };
    },
  },
  {
    name: 'get-application',
    verb: 'GET',
    route: 'applications/{applicationId}',
    summary: 'Shows an application of the account.',
    success: elementOf('applications/@Element', applicationSummary),
    handle: (request, { config }) => {
      const id = pathId(request, 'applicationId');
      const json = config.applications.find((each) => each.id.toLowerCase() === id.toLowerCase());
      if (json) return Promise.resolve({ json });
      const reason = 'The setting BookendApplications declares those that there are';
      return Promise.reject(new BatchError('ApplicationNotFound', `Application '${id}' does not exist. ${reason}.`));
    },
  },
  {
    name: 'list-supported-images',
    verb: 'GET',
    route: 'supportedimages',
    summary: 'Lists the images that pools can name.',
    query: ['$filter', 'maxresults'],
    success: listOf('supportedimages', imageInformation),
    handle: async (request, { config }) => {
      const source = fixedList(config.supportedImages, keyOf);
      return { list: await listResources(request, { filters: supportedImageFilters, ...source }) };
    },
  },
];

const keyOf = ({ nodeAgentSKUId, imageReference: { publisher, offer, sku, version } }: SupportedImage): string =>
  [nodeAgentSKUId, publisher, offer, sku, version].join('\n').toLowerCase();
