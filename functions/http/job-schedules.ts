// The REST operations on job schedules.
import { jobScheduleOperations } from '../../shared/job-schedules/job-schedule-operations.js';
import { jobScheduleStateOperations } from '../../shared/job-schedules/job-schedule-state-operations.js';
import { serveOperations } from '../../shared/serve-operations.js';

serveOperations(jobScheduleOperations);
serveOperations(jobScheduleStateOperations);
