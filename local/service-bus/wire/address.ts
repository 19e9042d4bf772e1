// The addresses clients use for what the broker has. Knows the forms of an address, not which queues exist.
import { textOf, type AmqpValue } from '../amqp/values.js';
import { parseResource, pathSegments } from '../nodes/sas.js';

/** `text` is the address as the peer wrote it; `queue` a queue's address as the engine knows it; `path` what a claim must cover. */
export type Address =
  | { readonly type: 'cbs'; readonly text: string }
  | { readonly type: 'management'; readonly text: string; readonly queue: string; readonly path: readonly string[] }
  | { readonly type: 'queue'; readonly text: string; readonly queue: string; readonly path: readonly string[] };

/** Takes an address apart. Other SDKs put scheme and host before it; case does not count. */
export function parseAddress(address: string | undefined): Address {
  const text = address ?? '';
  const path = parseResource(text)?.path ?? pathSegments(text);
  const last = path.at(-1);
  if (path.length === 1 && last === '$cbs') return { type: 'cbs', text };
  if (last === '$management') return { type: 'management', text, queue: path.slice(0, -1).join('/'), path };
  return { type: 'queue', text, queue: path.join('/'), path };
}

/** The address of a source or target: described lists that start with it. */
export function terminusAddress(terminus: AmqpValue | undefined): string | undefined {
  if (terminus?.type === 'string') return terminus.value;
  return terminus?.type === 'described' && terminus.value.type === 'list' ? textOf(terminus.value.items[0]) : undefined;
}
