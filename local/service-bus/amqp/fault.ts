// The errors of AMQP 1.0 as values that can be thrown: which scope ends (connection, session or link) and with which
// condition. Knows nothing about frames; whoever catches one decides how it is written.

export type FaultScope = 'connection' | 'session' | 'link';

/** What the `error` field of close, end, detach and rejected carries. */
export type AmqpCondition = { readonly condition: string; readonly description: string };

/** Thrown where the peer broke a rule; ends `scope` with `condition`, and nothing beyond that scope. */
export class AmqpFault extends Error {
  readonly scope: FaultScope;
  readonly condition: string;

  constructor(scope: FaultScope, condition: string, description: string) {
    super(description);
    this.name = 'AmqpFault';
    this.scope = scope;
    this.condition = condition;
  }
}

/** The fault for bytes that are not what they claim to be (AMQP 1.0 part 2, `amqp:decode-error`). */
export function malformed(description: string): AmqpFault {
  return new AmqpFault('connection', 'amqp:decode-error', description);
}

/** The fault for a frame that cannot be cut or does not belong here (AMQP 1.0 part 2, 2.8.16). */
export function badFrame(description: string): AmqpFault {
  return new AmqpFault('connection', 'amqp:connection:framing-error', description);
}
