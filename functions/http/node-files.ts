// The REST operations on the files of nodes.
import { nodeFileOperations } from '../../shared/nodes/node-file-operations.js';
import { serveOperations } from '../../shared/serve-operations.js';

serveOperations(nodeFileOperations);
