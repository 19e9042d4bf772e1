// The REST operations on compute nodes.
import { nodeOperations } from '../../shared/nodes/node-operations.js';
import { serveOperations } from '../../shared/serve-operations.js';

serveOperations(nodeOperations);
