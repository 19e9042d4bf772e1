// What a message is about, in a word or two, for the breakdown of counts. Reads just enough of the body; counts nothing.
import { z } from 'zod';

const typePrefix = 'dev.bookend.';
const eventSchema = z.looseObject({ type: z.string().startsWith(typePrefix), data: z.unknown() });
const runSchema = z.looseObject({ kind: z.string(), state: z.string() });
const reportSchema = z.looseObject({ runs: z.array(runSchema) });
const orderSchema = z.looseObject({
  preparation: z.unknown().optional(),
  tasks: z.array(z.unknown()),
  release: z.unknown().optional(),
  kills: z.array(z.unknown()),
  forget: z.boolean(),
});

/** `node.report task ended`, `node.order preparation, task`, `hint.wake-up`, …; `other` for what is no CloudEvent of ours. */
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
      const runs = reportSchema.safeParse(data).data?.runs ?? [];
      return unique(runs.map(({ kind, state }) => `${kind} ${state}`)) || 'of no run';
    }
    case 'node.order': {
      const order = orderSchema.safeParse(data).data;
      if (order === undefined) return '';
      const { preparation, tasks, release, kills, forget } = order;
      const parts = { preparation, task: tasks[0], release, kill: kills[0], forget: forget ? true : undefined };
      return unique(Object.entries(parts).flatMap(([name, part]) => (part === undefined ? [] : [name])));
    }
    default:
      return '';
  }
}

function unique(words: readonly string[]): string {
  return [...new Set(words)].sort().join(', ');
}
