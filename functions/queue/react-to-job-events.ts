// Woken by events of one pool: job state changes, node reports, wake-ups. One pass for the whole batch.
import { app } from '@azure/functions';
import { toMessages } from '../../shared/queues/trigger-messages.js';
import { reactToJobEvents } from '../../shared/passes/react-to-job-events.js';
import { getServices } from '../../shared/services.js';

app.serviceBusQueue('react-to-job-events', {
  connection: 'ServiceBusConnection',
  queueName: 'job-events',
  isSessionsEnabled: true,
  cardinality: 'many',
  handler: (bodies, context) => reactToJobEvents(getServices(), toMessages(bodies, context.triggerMetadata)),
});
