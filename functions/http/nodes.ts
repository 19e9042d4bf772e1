// The REST operations on compute nodes.
import { nodeExtensionOperations } from '../../shared/nodes/node-extension-operations.js';
import { nodeOperations } from '../../shared/nodes/node-operations.js';
import { serveOperations } from '../../shared/serve-operations.js';

serveOperations(nodeOperations);
serveOperations(nodeExtensionOperations);
