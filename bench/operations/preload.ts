// Loaded into every process of the stack before its program (`node --import`): counts its operations from outside.
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { answerCounts } from './broker-counts.js';
import { countExecutions } from './count-executions.js';
import { countMessages } from './count-messages.js';
import { countRequests, tellPartitions } from './count-requests.js';
import { countsVariable, createCounter } from './counter.js';
import { lapseOf, lapseTime } from './time-lapse.js';

const directory = process.env[countsVariable];
const program = /dist\/(?:local\/|bench\/)?([\w-]+)\/[\w-]+\.js$/.exec(process.argv[1] ?? '')?.[1];
if (directory !== undefined && program !== undefined) {
  const count = createCounter(join(directory, `${program}-${process.pid}.jsonl`), program);
  countMessages(count);
  countRequests(count);
  tellPartitions(TableClient);
  countExecutions(count);
  if (program === 'service-bus') answerCounts(directory);
  const lapse = lapseOf();
  if (lapse !== undefined) lapseTime(lapse);
}
