// The list of the account's certificates, which is empty: adding one is refused by name, and so no other can be shown or deleted.
// https://learn.microsoft.com/rest/api/batchservice/certificate
import { fixedList } from '../rest/fixed-list.js';
import { filterable, type FilterTable } from '../rest/odata-filter.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { listResources } from '../rest/resource-query.js';
import { listOf } from '../rest/success.js';

const certificateFilters = { state: filterable.choice, stateTransitionTime: filterable.instant } as const;

const certificateProperties = [
  'thumbprint',
  'thumbprintAlgorithm',
  'url',
  'state',
  'stateTransitionTime',
  'previousState',
  'previousStateTransitionTime',
  'publicData',
  'deleteCertificateError',
] as const;

export const certificateOperations: readonly OperationDefinition[] = [
  {
    name: 'list-certificates',
    verb: 'GET',
    route: 'certificates',
    summary: 'Lists the certificates of the account; there are none.',
    query: ['$filter', '$select', 'maxresults'],
    success: listOf('certificates'),
    handle: async (request) => {
      const filters: FilterTable = certificateFilters;
      const source = { filters, properties: certificateProperties, ...fixedList<object>([], () => '') };
      return { list: await listResources(request, source) };
    },
  },
];
