// The REST operations on tasks.
import { taskOperations } from '../../shared/tasks/task-operations.js';
import { taskStateOperations } from '../../shared/tasks/task-state-operations.js';
import { serveOperations } from '../../shared/serve-operations.js';

serveOperations(taskOperations);
serveOperations(taskStateOperations);
