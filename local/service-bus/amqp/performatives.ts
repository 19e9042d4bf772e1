// The nine performatives of AMQP 1.0 (part 2, 2.7) and the two SASL frames a server reads, as they arrive.
// Knows fields and types, not what they lead to.
import {
  binaryField,
  booleanField,
  describedFields,
  receivedError,
  required,
  skipField,
  textField,
  unsignedField,
  valueField,
  type ReceivedError,
} from './fields.js';
import { malformed } from './fault.js';
import type { Cursor } from './reader.js';
import type { AmqpValue } from './values.js';

export const descriptors = {
  open: 0x10,
  begin: 0x11,
  attach: 0x12,
  flow: 0x13,
  transfer: 0x14,
  disposition: 0x15,
  detach: 0x16,
  end: 0x17,
  close: 0x18,
  error: 0x1d,
  accepted: 0x24,
  rejected: 0x25,
  released: 0x26,
  modified: 0x27,
  coordinator: 0x30,
  transactionalState: 0x34,
  saslMechanisms: 0x40,
  saslInit: 0x41,
  saslOutcome: 0x44,
} as const;

export type Open = {
  readonly kind: 'open';
  readonly containerId: string;
  readonly maxFrameSize: number;
  readonly idleTimeoutMs: number;
};
export type Begin = {
  readonly kind: 'begin';
  readonly nextOutgoingId: number;
  readonly incomingWindow: number;
};
export type Attach = {
  readonly kind: 'attach';
  readonly name: string;
  readonly handle: number;
  /** What the peer will be on this link. */
  readonly peerRole: 'sender' | 'receiver';
  readonly sendSettleMode: number | undefined;
  readonly receiveSettleMode: number | undefined;
  readonly source: AmqpValue | undefined;
  readonly target: AmqpValue | undefined;
  readonly initialDeliveryCount: number | undefined;
  readonly properties: AmqpValue | undefined;
};
export type Flow = {
  readonly kind: 'flow';
  readonly nextIncomingId: number | undefined;
  readonly incomingWindow: number;
  readonly handle: number | undefined;
  readonly deliveryCount: number | undefined;
  readonly linkCredit: number | undefined;
  readonly drain: boolean;
  readonly echo: boolean;
};
export type Transfer = {
  readonly kind: 'transfer';
  readonly handle: number;
  readonly deliveryId: number | undefined;
  readonly messageFormat: number | undefined;
  readonly settled: boolean;
  readonly more: boolean;
  readonly aborted: boolean;
  /** Whether it is to be part of a transaction. */
  readonly isTransactional: boolean;
};
export type Outcome =
  | { readonly type: 'accepted' }
  | { readonly type: 'rejected'; readonly error: ReceivedError | undefined }
  | { readonly type: 'released' }
  /** An outcome that is to be part of a transaction. */
  | { readonly type: 'transactional' }
  | { readonly type: 'modified'; readonly undeliverableHere: boolean; readonly annotations: AmqpValue | undefined };
export type Disposition = {
  readonly kind: 'disposition';
  readonly peerRole: 'sender' | 'receiver';
  readonly first: number;
  readonly last: number;
  readonly settled: boolean;
  /** Undefined when no outcome is said. */
  readonly outcome: Outcome | undefined;
};
export type Detach = { readonly kind: 'detach'; readonly handle: number; readonly closed: boolean };
export type End = { readonly kind: 'end' };
export type Close = { readonly kind: 'close' };

export type Performative = Open | Begin | Attach | Flow | Transfer | Disposition | Detach | End | Close;

/** Reads the performative at the start of a frame body; what follows it in the frame is payload. */
export function readPerformative(cursor: Cursor): Performative {
  const { descriptor, fields } = describedFields(cursor);
  switch (descriptor) {
    case descriptors.open: {
      const containerId = required(textField(fields), 'container-id');
      skipField(fields); // hostname
      const maxFrameSize = unsignedField(fields) ?? 0xffffffff;
      skipField(fields); // channel-max
      return { kind: 'open', containerId, maxFrameSize, idleTimeoutMs: unsignedField(fields) ?? 0 };
    }
    case descriptors.begin: {
      skipField(fields); // remote-channel
      const nextOutgoingId = required(unsignedField(fields), 'next-outgoing-id');
      const incomingWindow = required(unsignedField(fields), 'incoming-window');
      return { kind: 'begin', nextOutgoingId, incomingWindow };
    }
    case descriptors.attach: {
      const name = required(textField(fields), 'name');
      const handle = required(unsignedField(fields), 'handle');
      const peerRole = required(booleanField(fields), 'role') ? 'receiver' : 'sender';
      const sendSettleMode = unsignedField(fields);
      const receiveSettleMode = unsignedField(fields);
      const source = valueField(fields);
      const target = valueField(fields);
      skipField(fields); // unsettled
      skipField(fields); // incomplete-unsettled
      const initialDeliveryCount = unsignedField(fields);
      skipField(fields); // max-message-size
      skipField(fields); // offered-capabilities
      skipField(fields); // desired-capabilities
      const properties = valueField(fields);
      return {
        kind: 'attach',
        name,
        handle,
        peerRole,
        sendSettleMode,
        receiveSettleMode,
        source,
        target,
        initialDeliveryCount,
        properties,
      };
    }
    case descriptors.flow: {
      const nextIncomingId = unsignedField(fields);
      const incomingWindow = required(unsignedField(fields), 'incoming-window');
      skipField(fields); // next-outgoing-id
      skipField(fields); // outgoing-window
      const handle = unsignedField(fields);
      const deliveryCount = unsignedField(fields);
      const linkCredit = unsignedField(fields);
      skipField(fields); // available
      const drain = booleanField(fields) ?? false;
      const echo = booleanField(fields) ?? false;
      return { kind: 'flow', nextIncomingId, incomingWindow, handle, deliveryCount, linkCredit, drain, echo };
    }
    case descriptors.transfer: {
      const handle = required(unsignedField(fields), 'handle');
      const deliveryId = unsignedField(fields);
      binaryField(fields); // delivery-tag: the broker answers by delivery-id
      const messageFormat = unsignedField(fields);
      const settled = booleanField(fields) ?? false;
      const more = booleanField(fields) ?? false;
      skipField(fields); // rcv-settle-mode
      const isTransactional = readOutcome(valueField(fields))?.type === 'transactional';
      skipField(fields); // resume
      const aborted = booleanField(fields) ?? false;
      return { kind: 'transfer', handle, deliveryId, messageFormat, settled, more, aborted, isTransactional };
    }
    case descriptors.disposition: {
      const peerRole = required(booleanField(fields), 'role') ? 'receiver' : 'sender';
      const first = required(unsignedField(fields), 'first');
      const last = unsignedField(fields) ?? first;
      const settled = booleanField(fields) ?? false;
      return { kind: 'disposition', peerRole, first, last, settled, outcome: readOutcome(valueField(fields)) };
    }
    case descriptors.detach: {
      const handle = required(unsignedField(fields), 'handle');
      return { kind: 'detach', handle, closed: booleanField(fields) ?? false };
    }
    case descriptors.end:
      return { kind: 'end' };
    case descriptors.close:
      return { kind: 'close' };
    default:
      throw malformed(`no performative has the descriptor ${descriptor}`);
  }
}

/** Reads a sasl-init frame: the mechanism the peer chose, and what it says at once. */
export function readSaslInit(cursor: Cursor): { mechanism: string; initialResponse: Buffer | undefined } {
  const { descriptor, fields } = describedFields(cursor);
  if (descriptor !== descriptors.saslInit) throw malformed('a sasl-init was expected');
  return { mechanism: required(textField(fields), 'mechanism'), initialResponse: binaryField(fields) };
}

function readOutcome(state: AmqpValue | undefined): Outcome | undefined {
  if (state?.type !== 'described' || state.value.type !== 'list') return undefined;
  const code = state.descriptor.type === 'ulong' ? Number(state.descriptor.value) : -1;
  const items = state.value.items;
  switch (code) {
    case descriptors.accepted:
      return { type: 'accepted' };
    case descriptors.rejected:
      return { type: 'rejected', error: receivedError(items[0]) };
    case descriptors.released:
      return { type: 'released' };
    case descriptors.transactionalState:
      return { type: 'transactional' };
    case descriptors.modified: {
      const undeliverableHere = items[1]?.type === 'boolean' && items[1].value;
      return { type: 'modified', undeliverableHere, annotations: items[2] };
    }
    default:
      return undefined;
  }
}
