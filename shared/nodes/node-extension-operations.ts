// The operations on the virtual machine extensions of a node. A pool that asks for some is refused, so a node has none.
// https://learn.microsoft.com/rest/api/batchservice/compute-node-extension
import { BatchError } from '../errors.js';
import { propertiesOf } from '../rest/answer-types.js';
import { fixedList } from '../rest/fixed-list.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { parseSelect } from '../rest/odata-select.js';
import { listResources, pathId } from '../rest/resource-query.js';
import { elementOf, listOf } from '../rest/success.js';
import { nodeExtension } from './node-schema.js';
import { loadNode } from './read-nodes.js';

const extensionProperties = propertiesOf(nodeExtension);

export const nodeExtensionOperations: readonly OperationDefinition[] = [
  {
    name: 'list-node-extensions',
    verb: 'GET',
    route: 'pools/{poolId}/nodes/{nodeId}/extensions',
    summary: 'Lists the extensions of a node; there are none.',
    query: ['$select', 'maxresults'],
    success: listOf('extensions', nodeExtension),
    handle: async (request, services) => {
      await loadNode(services, pathId(request, 'poolId'), pathId(request, 'nodeId'));
      const source = { filters: {}, properties: extensionProperties, ...fixedList<object>([], () => '') };
      return { list: await listResources(request, source) };
    },
  },
  {
    name: 'get-node-extension',
    verb: 'GET',
    route: 'pools/{poolId}/nodes/{nodeId}/extensions/{extensionName}',
    summary: 'Shows an extension of a node; there are none.',
    query: ['$select'],
    success: elementOf('extensions/@Element', nodeExtension),
    handle: async (request, services) => {
      parseSelect(request.query('$select'), extensionProperties);
      const { node } = await loadNode(services, pathId(request, 'poolId'), pathId(request, 'nodeId'));
      const name = request.param('extensionName').slice(0, 128);
      throw new BatchError('ResourceNotFound', `Node '${node.id}' has no extension '${name}'.`);
    },
  },
];
