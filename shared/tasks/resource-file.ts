// Files that a run is given before it starts, and files that are kept after it ended, as Batch's JSON has them; and where a resource file goes.
// https://learn.microsoft.com/rest/api/batchservice/task/add#resourcefile, #outputfile
import { z } from 'zod';

/** Exactly one of the three sources. In an order, a file from the linked account carries that container's URL as well. */
export const resourceFileSchema = z.object({
  httpUrl: z.string().optional(),
  storageContainerUrl: z.string().optional(),
  /** A container of the storage account that is linked to the Batch account. */
  autoStorageContainerName: z.string().optional(),
  /** Of a container: only blobs whose names begin so. */
  blobPrefix: z.string().optional(),
  /** Below the working directory: the file for a URL, a directory for a container. */
  filePath: z.string().optional(),
  /** Octal. */
  fileMode: z.string().optional(),
});
export type ResourceFile = z.infer<typeof resourceFileSchema>;

export const uploadConditions = ['tasksuccess', 'taskfailure', 'taskcompletion'] as const;

export const outputFileSchema = z.object({
  /** Relative to the working directory, or absolute. */
  filePattern: z.string(),
  destination: z.object({
    container: z.object({
      containerUrl: z.string(),
      /** The blob's whole name for a pattern without wildcards; otherwise what stands before each name. */
      path: z.string().optional(),
      uploadHeaders: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
    }),
  }),
  uploadOptions: z.object({ uploadCondition: z.enum(uploadConditions) }),
});
export type OutputFile = z.infer<typeof outputFileSchema>;

/** What Batch gives a resource file unless told otherwise. */
export const defaultFileMode = 0o770;

/** Permission bits of `fileMode`: octal, with or without `0o`. Undefined when it is no such number. */
export function fileModeOf(text: string | undefined): number | undefined {
  if (text === undefined) return defaultFileMode;
  return /^(0o?)?[0-7]{1,4}$/.test(text) ? Number.parseInt(text.replace(/^0o?/, '') || '0', 8) : undefined;
}

/**
 * A relative path without empty and '.' segments; undefined when it is absolute or leads out of where it starts.
 * The empty path is the start itself.
 */
export function pathBelow(path: string): string | undefined {
  if (path.startsWith('/') || path.includes('\0')) return undefined;
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  return segments.includes('..') ? undefined : segments.join('/');
}
