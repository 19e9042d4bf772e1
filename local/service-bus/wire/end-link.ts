// How a link ends or never comes to be, from the broker's side.
import type { AmqpCondition } from '../amqp/fault.js';
import { writeAttach, writeDetach } from '../amqp/outgoing-frames.js';
import { nothing, type AmqpValue } from '../amqp/values.js';
import { dropLink, limits, output, quietLink, type Link } from './connection.js';
import { writeAcceptances } from './incoming-link.js';

/** Detaches a link with an error. Its handle stays taken, and is ignored, until the peer has detached as well. */
export function detachLink(link: Link, error: AmqpCondition): void {
  if (link.phase === 'detached') return;
  const { session } = link;
  writeAcceptances(session);
  if (link.phase === 'held') writeRefusal(link);
  link.phase = 'detached';
  forgetTerms(link);
  quietLink(link);
  writeDetach(output(session.connection), session.channel, link.handle, error);
}

/** Takes the peer's detach, answering it unless it is the answer. */
export function onDetach(link: Link): void {
  const { session } = link;
  writeAcceptances(session);
  const { phase } = link;
  dropLink(link);
  if (phase === 'held') writeRefusal(link);
  if (phase !== 'detached') writeDetach(output(session.connection), session.channel, link.handle);
}

/** Completes the attach of a link that is served. `changes` are what differs from the peer's own words. */
export function confirmAttach(
  link: Link,
  changes: { source?: AmqpValue | undefined; properties?: AmqpValue | undefined } = {},
): void {
  link.phase = 'attached';
  const { session, attach } = link;
  writeAttach(output(session.connection), session.channel, {
    ...describe(link),
    source: changes.source ?? attach.source,
    target: attach.target,
    properties: changes.properties,
  });
  forgetTerms(link);
}

// What a peer says when it attaches may be large, and links live long.
function forgetTerms(link: Link): void {
  link.attach = { ...link.attach, source: undefined, target: undefined, properties: undefined };
}

// A refused link is attached without source and target and then detached, as AMQP wants it (part 2, 2.6.3).
function writeRefusal(link: Link): void {
  const { session } = link;
  const refusal = { ...describe(link), source: nothing, target: nothing, properties: undefined };
  writeAttach(output(session.connection), session.channel, refusal);
}

function describe({ kind, attach }: Link): Omit<Parameters<typeof writeAttach>[2], 'source' | 'target' | 'properties'> {
  const { name, handle, sendSettleMode, receiveSettleMode } = attach;
  const role = kind === 'outgoing' ? 'sender' : 'receiver';
  return { name, handle, role, sendSettleMode, receiveSettleMode, maxMessageSize: limits.maxMessageSize };
}
