// The list of the account's certificates, which is empty: adding one is refused by name, and so no other can be shown or deleted.
// https://learn.microsoft.com/rest/api/batchservice/certificate
import { propertiesOf } from '../rest/answer-types.js';
import { fixedList } from '../rest/fixed-list.js';
import { filterable, type FilterTable } from '../rest/odata-filter.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { listResources } from '../rest/resource-query.js';
import { listOf } from '../rest/success.js';
import { certificate } from './account-schema.js';

export const certificateFilters: FilterTable = { state: filterable.choice, stateTransitionTime: filterable.instant };

export const certificateOperations: readonly OperationDefinition[] = [
  {
    name: 'list-certificates',
    verb: 'GET',
    route: 'certificates',
    summary: 'Lists the certificates of the account; there are none.',
    query: ['$filter', '$select', 'maxresults'],
    success: listOf('certificates', certificate),
    handle: async (request) => {
      const source = {
        filters: certificateFilters,
        properties: propertiesOf(certificate),
        ...fixedList<object>([], () => ''),
      };
      return { list: await listResources(request, source) };
    },
  },
];
