// Counts Service Bus operations where the client's AMQP library sends, delivers and settles single messages, so retries and each message of
// a batch are seen. Changes nothing of what they do. Reads message types for the breakdown only.
import { createRequire } from 'node:module';
import { z } from 'zod';
import type { Count } from './counter.js';
import { isAboutFiles, labelOfBytes } from './message-label.js';

type Link = {
  set_source(fields: unknown): void;
  set_target(fields: unknown): void;
  dispatch(name: string, context?: unknown): boolean;
};
type Delivery = { update(settled?: boolean, state?: unknown): void };
type SessionClass = {
  readonly prototype: { send(sender: Link, tag: unknown, data: Uint8Array, format?: number): unknown };
};
type LinkModule = { readonly Receiver: { readonly prototype: Link }; readonly Sender: { readonly prototype: Link } };
type MessageModule = { decode(data: Uint8Array): unknown };

const batchFormat = 0x80013700;
const operationPrefix = 'com.microsoft:';

const requestSchema = z.looseObject({
  application_properties: z.looseObject({ operation: z.string().default('') }).default({ operation: '' }),
  body: z.unknown(),
});

/** The address at the far end of each link. */
const addresses = new WeakMap<Link, string>();

export function countMessages(count: Count): void {
  const require = createRequire(import.meta.url);
  const session: SessionClass = require('rhea/lib/session.js');
  const link: LinkModule = require('rhea/lib/link.js');
  const message: MessageModule = require('rhea/lib/message.js');
  rememberAddresses(link);
  countSends(session, message, count);
  countDeliveries(link, count);
}

// A receiver's far end is its source, a sender's its target; the near ends have no address, or one that names no queue.
function rememberAddresses({ Receiver, Sender }: LinkModule): void {
  const { set_source: setSource } = Receiver.prototype;
  Receiver.prototype.set_source = function (fields) {
    addresses.set(this, addressIn(fields));
    setSource.call(this, fields);
  };
  const { set_target: setTarget } = Sender.prototype;
  Sender.prototype.set_target = function (fields) {
    addresses.set(this, addressIn(fields));
    setTarget.call(this, fields);
  };
}

function countSends({ prototype }: SessionClass, message: MessageModule, count: Count): void {
  const send = prototype.send;
  prototype.send = function (sender, tag, data, format) {
    const queue = queueOf(sender);
    if (queue.endsWith('/$management')) countRequest(queue, requestSchema.parse(message.decode(data)), count);
    else if (queue !== '$cbs') {
      const content = format === batchFormat ? bodyOf(message.decode(data)) : data;
      countMessagesIn(queue, Array.isArray(content) ? content : [content], message, count);
    }
    return send.call(this, sender, tag, data, format);
  };
}

function countMessagesIn(queue: string, encoded: readonly unknown[], message: MessageModule, count: Count): void {
  for (const each of encoded) {
    const what = each instanceof Uint8Array ? labelOfBytes(bodyOf(message.decode(each))) : 'other';
    count({ kind: 'send', at: queue, what, isApart: isAboutFiles(what) });
  }
}

function countRequest(address: string, request: z.infer<typeof requestSchema>, count: Count): void {
  const at = address.replace(/\/\$management$/, '');
  const operation = request.application_properties.operation.replace(operationPrefix, '');
  const listed = (name: string): number => {
    const list: unknown = Reflect.get(Object(request.body), name);
    return Array.isArray(list) ? list.length : 1;
  };
  switch (operation) {
    case 'renew-lock':
      return count({ kind: 'renew', at, what: 'message lock' }, listed('lock-tokens'));
    case 'renew-session-lock':
      return count({ kind: 'renew', at, what: 'session lock' });
    case 'schedule-message':
      return count({ kind: 'send', at, what: operation }, listed('messages'));
    case 'update-disposition':
      return count({ kind: 'settle', at, what: operation }, listed('lock-tokens'));
    default:
      return count({ kind: 'receive', at, what: operation });
  }
}

function countDeliveries({ Receiver: { prototype } }: LinkModule, count: Count): void {
  const dispatch = prototype.dispatch;
  prototype.dispatch = function (...given) {
    const [name, context] = given;
    const at = queueOf(this);
    if (at !== '$cbs' && !at.endsWith('/$management')) countEvent(at, name, context, count);
    return dispatch.apply(this, given);
  };
}

function countEvent(at: string, name: string, context: unknown, count: Count): void {
  switch (name) {
    case 'message': {
      const delivery: Delivery = Reflect.get(Object(context), 'delivery');
      const message: unknown = Reflect.get(Object(context), 'message');
      const label = labelOfBytes(bodyOf(message));
      const isAgain = Number(Reflect.get(Object(message), 'delivery_count') ?? 0) > 0;
      const what = isAgain ? `${label} (again)` : label;
      const isApart = isAboutFiles(label);
      count({ kind: 'receive', at, what, isApart });
      countSettlement(delivery, () => count({ kind: 'settle', at, what, isApart }));
      return;
    }
    case 'receiver_open':
      return count({ kind: 'accept', at, what: 'opened' });
    case 'receiver_error':
      return count({ kind: 'accept', at, what: 'refused' });
    case 'receiver_drained':
      return count({ kind: 'wait', at, what: 'drained' });
  }
}

function countSettlement(delivery: Delivery, onSettled: () => void): void {
  const update = delivery.update;
  let isCounted = false;
  delivery.update = function (settled, state) {
    if (!isCounted) onSettled();
    isCounted = true;
    update.call(this, settled, state);
  };
}

/** The data sections of a decoded message: bytes, or several of them in a batch. */
function bodyOf(message: unknown): unknown {
  return Reflect.get(Object(Reflect.get(Object(message), 'body')), 'content');
}

function queueOf(link: Link): string {
  return (addresses.get(link) ?? '').replace(/^(?:amqps?|sb):\/\/[^/]*\//, '');
}

function addressIn(fields: unknown): string {
  const address: unknown = Reflect.get(Object(fields), 'address');
  return typeof address === 'string' ? address : '';
}
