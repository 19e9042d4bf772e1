// What a message is about, in a word or two, for the breakdown of counts. Reads just enough of the body; counts nothing.
import { z } from 'zod';
import { createJoseSealing } from '../../shared/nodes/jose-sealing.js';

const sealing = createJoseSealing();
const typePrefix = 'dev.bookend.';
const eventSchema = z.looseObject({ type: z.string().startsWith(typePrefix), data: z.unknown() });
const runSchema = z.looseObject({ kind: z.string(), state: z.string() });
const reportSchema = z.looseObject({ runs: z.array(runSchema) });
/** `node.report task ended`, `node.order`, `hint.wake-up`, …; `other` for what is no CloudEvent of ours. */
export function labelOf(body: unknown): string {
  const event = eventSchema.safeParse(body);
  if (!event.success) return 'other';
  const type = event.data.type.slice(typePrefix.length);
  const content = contentOf(type, event.data.data);
  return content === '' ? type : `${type} ${content}`;
}

/** The label of a message by its encoded body. */
export function labelOfBytes(content: unknown): string {
  if (!(content instanceof Uint8Array)) return 'other';
  try {
    return labelOf(JSON.parse(Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString()));
  } catch {
    return 'other';
  }
}

/** Whether the message belongs to a file request, which is counted apart. */
export function isAboutFiles(label: string): boolean {
  return label === 'node.file-request' || label === 'node.file-reply';
}

function contentOf(type: string, data: unknown): string {
  switch (type) {
    case 'node.report': {
      // Signed, not encrypted; what orders hold only their node can tell.
      const runs = reportSchema.safeParse(sealing.read(data)).data?.runs ?? [];
      return unique(runs.map(({ kind, state }) => `${kind} ${state}`)) || 'of no run';
    }
    default:
      return '';
  }
}

function unique(words: readonly string[]): string {
  return [...new Set(words)].sort().join(', ');
}
