// The ways in which Batch's operations answer when they succeed: status, headers, and what the body holds. Knows no resource.
import type { z } from 'zod';

export type SuccessHeader =
  'ETag' | 'Last-Modified' | 'DataServiceId' | 'Location' | 'ocp-batch-file-isdirectory' | 'ocp-batch-file-url';

export type Success = {
  readonly status: 200 | 201 | 202 | 204;
  /** Those that are always there, besides the common ones. */
  readonly headers: readonly SuccessHeader[];
  readonly content: 'none' | 'element' | 'list' | 'file';
  /** What stands after `$metadata#` in `odata.metadata`, e.g. `jobs/@Element`. */
  readonly metadata?: string;
  /** Of what is shown, or of each item of a list; it has an id. */
  readonly schema?: z.ZodType;
};

const validators = ['ETag', 'Last-Modified'] as const;

/** Something that was added. */
export const created = (): Success => ({
  status: 201,
  headers: ['Location', 'DataServiceId', ...validators],
  content: 'none',
});

/** A change of something that has validators. */
export const changed = (status: 200 | 202 | 204): Success => ({
  status,
  headers: ['DataServiceId', ...validators],
  content: 'none',
});

/** An action on something that has no validators. */
export const acted = (status: 200 | 202): Success => ({ status, headers: ['DataServiceId'], content: 'none' });

/** A deletion. */
export const done = (status: 200 | 202): Success => ({ status, headers: [], content: 'none' });

/** That something exists, without showing it. */
export const exists = (): Success => ({ status: 200, headers: validators, content: 'none' });

/** One thing that has validators. */
export const entityOf = (metadata: string, schema: z.ZodType): Success => ({
  status: 200,
  headers: validators,
  content: 'element',
  metadata,
  schema,
});

/** One thing that has no validators. */
export const elementOf = (metadata: string, schema: z.ZodType): Success => ({
  status: 200,
  headers: [],
  content: 'element',
  metadata,
  schema,
});

/** A page of a list. */
export const listOf = (metadata: string, schema: z.ZodType): Success => ({
  status: 200,
  headers: [],
  content: 'list',
  metadata,
  schema,
});

/** A file of a node: its bytes, or with HEAD its headers only. */
export const fileContent = (): Success => ({
  status: 200,
  headers: ['ocp-batch-file-isdirectory', 'ocp-batch-file-url'],
  content: 'file',
});
