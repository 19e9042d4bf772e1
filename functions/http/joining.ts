// Joining a pool: operations of Bookend's own, see docs/joining.md.
import { joinOperations } from '../../shared/nodes/join-operation.js';
import { joinKeyOperations } from '../../shared/pools/join-key-operations.js';
import { serveOperations } from '../../shared/serve-operations.js';

serveOperations(joinOperations);
serveOperations(joinKeyOperations);
