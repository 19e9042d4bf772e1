// The node `<queue>/$management`: finds the operation a request names and shapes its answer.
// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response
import { encodeResponse, type RequestMessage } from '../amqp/request-message.js';
import { fromMap, int, nothing, symbol, text, textMap, textOf, type AmqpValue } from '../amqp/values.js';
import type { Operation, ManagementContext } from './management-operation.js';
import { lockOperations } from './management-locks.js';
import { messageOperations } from './management-messages.js';
import { sessionOperations } from './management-sessions.js';

const operations: ReadonlyMap<string, Operation> = new Map(
  Object.entries({ ...messageOperations, ...lockOperations, ...sessionOperations }).map(([name, operation]) => [
    `com.microsoft:${name}`,
    operation,
  ]),
);

const trackingId = 'com.microsoft:tracking-id';

/** Answers a request; what it asks wrongly is said in the answer's status. Throws where the request cannot be read. */
export function answerManagement(request: RequestMessage, context: ManagementContext): Buffer {
  const name = textOf(fromMap(request.applicationProperties, 'operation')) ?? '';
  const answer = operations.get(name)?.(request.body, context) ?? {
    status: 501,
    description: `The operation '${name}' is not supported.`,
    error: 'amqp:not-implemented',
  };
  const properties: Record<string, AmqpValue> = {
    statusCode: int(answer.status),
    statusDescription: text(answer.description),
  };
  if (answer.error !== undefined) properties['errorCondition'] = symbol(answer.error);
  const tracking = fromMap(request.applicationProperties, trackingId);
  if (tracking !== undefined) properties[trackingId] = tracking;
  return encodeResponse(request.messageId, textMap(properties), answer.body ?? nothing);
}
