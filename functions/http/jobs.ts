// The REST operations on jobs.
import { jobOperations } from '../../shared/jobs/job-operations.js';
import { jobStateOperations } from '../../shared/jobs/job-state-operations.js';
import { jobNodeOperations } from '../../shared/job-nodes/job-node-operations.js';
import { serveOperations } from '../../shared/serve-operations.js';

serveOperations(jobOperations);
serveOperations(jobStateOperations);
serveOperations(jobNodeOperations);
