// The REST operations on the files of tasks.
import { taskFileOperations } from '../../shared/tasks/task-file-operations.js';
import { serveOperations } from '../../shared/serve-operations.js';

serveOperations(taskFileOperations);
