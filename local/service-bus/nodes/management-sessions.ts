// Management operations on the session a connection holds: its lock and its state.
import { binary, bytesOf, fromMap, nothing, textMap, textOf, timestamp, type AmqpValue } from '../amqp/values.js';
import { heldSession, renewSession, setSessionState, type Granted } from '../engine/sessions.js';
import { ok, sessionLockLost, type Answer, type ManagementContext, type Operation } from './management-operation.js';

export const sessionOperations: Readonly<Record<string, Operation>> = {
  'renew-session-lock': (body, context) =>
    withSession(body, context, (granted) => {
      const until = renewSession(context.queue, granted);
      return ok(textMap({ expiration: timestamp(until) }));
    }),

  'get-session-state': (body, context) =>
    withSession(body, context, ({ session }) => {
      const state = session.state === undefined ? nothing : binary(session.state);
      return ok(textMap({ 'session-state': state }));
    }),

  'set-session-state': (body, context) =>
    withSession(body, context, ({ session }) => {
      const state = bytesOf(fromMap(body, 'session-state'));
      if (setSessionState(context.queue, session, state && Buffer.from(state))) return ok();
      const { name, maxSizeBytes } = context.queue.rules;
      const description = `The queue '${name}' holds its maximum of ${maxSizeBytes} bytes.`;
      return { status: 403, description, error: 'amqp:resource-limit-exceeded' };
    }),
};

function withSession(
  body: AmqpValue | undefined,
  { queue, owner }: ManagementContext,
  act: (granted: Granted) => Answer,
): Answer {
  const granted = heldSession(queue, textOf(fromMap(body, 'session-id')) ?? '', owner);
  return granted === undefined ? sessionLockLost : act(granted);
}
