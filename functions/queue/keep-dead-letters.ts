// Woken by messages that a queue itself gave up: each becomes a row of the dead-letter list.
import { app } from '@azure/functions';
import { saveDeadLetter } from '../../shared/events/dead-letters.js';
import { toMessage } from '../../shared/queues/trigger-messages.js';
import { getServices } from '../../shared/services.js';

for (const queue of ['job-events', 'node-orders', 'pool-capacity']) {
  app.serviceBusQueue(`keep-dead-letters-of-${queue}`, {
    connection: 'ServiceBusConnection',
    queueName: `${queue}/$DeadLetterQueue`,
    handler: (body, context) => {
      const { deadLetterReason, deliveryCount, messageId } = toMessage(body, context.triggerMetadata);
      return saveDeadLetter(getServices(), {
        queue,
        messageId,
        body,
        attempts: deliveryCount,
        reason: deadLetterReason,
      });
    },
  });
}
