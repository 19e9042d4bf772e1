// The node `<entity>/$management`: finds the operation a request names, whether this kind of entity has it, and shapes
// its answer.
// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response
import { encodeResponse, type RequestMessage } from '../amqp/request-message.js';
import { fromMap, int, nothing, symbol, text, textMap, textOf, type AmqpValue } from '../amqp/values.js';
import { kindNames, type Role } from '../engine/queue.js';
import type { Answer, Operation, ManagementContext } from './management-operation.js';
import { lockOperations } from './management-locks.js';
import { messageOperations, sendOperations } from './management-messages.js';
import { ruleOperations } from './management-rules.js';
import { sessionOperations } from './management-sessions.js';
import type { Right } from './sas.js';

type Offered = { readonly run: Operation; readonly on: readonly Role['type'][]; readonly right: Right };

const offered = (operations: Readonly<Record<string, Operation>>, terms: Omit<Offered, 'run'>): [string, Offered][] =>
  Object.entries(operations).map(([name, run]) => [`com.microsoft:${name}`, { run, ...terms }]);

// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas#rights-required-for-service-bus-operations
const operations: ReadonlyMap<string, Offered> = new Map([
  ...offered(sendOperations, { on: ['queue', 'topic'], right: 'Send' }),
  ...offered(
    { ...messageOperations, ...lockOperations, ...sessionOperations },
    { on: ['queue', 'subscription', 'deadLetters'], right: 'Listen' },
  ),
  ...offered(ruleOperations, { on: ['subscription'], right: 'Listen' }),
]);

const trackingId = 'com.microsoft:tracking-id';

/** Answers a request; what it asks wrongly is said in the answer's status. Throws where the request cannot be read. */
export function answerManagement(request: RequestMessage, context: ManagementContext): Buffer {
  const answer = perform(request, context);
  const properties: Record<string, AmqpValue> = {
    statusCode: int(answer.status),
    statusDescription: text(answer.description),
  };
  if (answer.error !== undefined) properties['errorCondition'] = symbol(answer.error);
  const tracking = fromMap(request.applicationProperties, trackingId);
  if (tracking !== undefined) properties[trackingId] = tracking;
  return encodeResponse(request.messageId, textMap(properties), answer.body ?? nothing);
}

function perform({ applicationProperties, body }: RequestMessage, context: ManagementContext): Answer {
  const name = textOf(fromMap(applicationProperties, 'operation')) ?? '';
  const operation = operations.get(name);
  if (operation === undefined) {
    return { status: 501, description: `The operation '${name}' is not supported.`, error: 'amqp:not-implemented' };
  }
  const { role, rules } = context.queue;
  if (!context.may(operation.right)) {
    const description = `Unauthorized access: '${operation.right}' claims are required for '${name}'.`;
    return { status: 401, description, error: 'amqp:unauthorized-access' };
  }
  if (operation.on.includes(role.type)) return operation.run(body, context);
  const description = `The operation '${name}' is not allowed on '${rules.name}', which is a ${kindNames[role.type]}.`;
  return { status: 400, description, error: 'amqp:not-allowed' };
}
