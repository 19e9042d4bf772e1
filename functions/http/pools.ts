// The REST operations on pools.
import { poolOperations } from '../../shared/pools/pool-operations.js';
import { poolSizeOperations } from '../../shared/pools/pool-size-operations.js';
import { serveOperations } from '../../shared/serve-operations.js';

serveOperations(poolOperations);
serveOperations(poolSizeOperations);
