// Every operation that is served, by resource. What is listed here is described, and must be registered in functions/http/.
import { accountOperations } from '../account/account-operations.js';
import { certificateOperations } from '../account/certificate-operations.js';
import { explainOperations } from '../explanations/explain-operation.js';
import { jobNodeOperations } from '../job-nodes/job-node-operations.js';
import { jobOperations } from '../jobs/job-operations.js';
import { jobStateOperations } from '../jobs/job-state-operations.js';
import { jobScheduleOperations } from '../job-schedules/job-schedule-operations.js';
import { jobScheduleStateOperations } from '../job-schedules/job-schedule-state-operations.js';
import { joinOperations } from '../nodes/join-operation.js';
import { nodeExtensionOperations } from '../nodes/node-extension-operations.js';
import { nodeFileOperations } from '../nodes/node-file-operations.js';
import { nodeOperations } from '../nodes/node-operations.js';
import { joinKeyOperations } from '../pools/join-key-operations.js';
import { poolOperations } from '../pools/pool-operations.js';
import { poolSizeOperations } from '../pools/pool-size-operations.js';
import type { OperationDefinition } from '../rest/operation-definition.js';
import { taskFileOperations } from '../tasks/task-file-operations.js';
import { taskOperations } from '../tasks/task-operations.js';
import { taskStateOperations } from '../tasks/task-state-operations.js';

/** By the resource that they are about, in the order of the documentation. */
export const operationsByResource = {
  pools: [...poolOperations, ...poolSizeOperations],
  nodes: [...nodeOperations, ...nodeExtensionOperations],
  'node files': [...nodeFileOperations],
  jobs: [...jobOperations, ...jobStateOperations],
  'preparation and release': [...jobNodeOperations],
  'job schedules': [...jobScheduleOperations, ...jobScheduleStateOperations],
  tasks: [...taskOperations, ...taskStateOperations],
  'task files': [...taskFileOperations],
  account: [...accountOperations, ...certificateOperations],
  explanations: [...explainOperations],
  joining: [...joinOperations, ...joinKeyOperations],
} satisfies Record<string, readonly OperationDefinition[]>;

export const allOperations: readonly OperationDefinition[] = Object.values(operationsByResource).flat();
