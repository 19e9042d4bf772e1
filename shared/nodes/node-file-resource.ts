// Files on a node as Batch shows them: paths and ranges in, list entries, headers and bytes out. Does not ask the node.
// https://learn.microsoft.com/rest/api/batchservice/file
import type { Shown } from '../rest/answer-types.js';
import type { shownFile } from './node-schema.js';
import { BatchError } from '../errors.js';
import type { OperationAnswer } from '../rest/operation.js';
import type { NodeFile } from './node-messages.js';

/** Where files are listed: the URL of the `files` collection, and the folder below the node root that it shows (a task's). */
export type FilesPlace = { readonly filesUrl: string; readonly directory?: string };

export type FileRange = { readonly from: number; readonly to?: number };

/**
 * The path below the root of a place that a client named, with `/` between names (.NET clients send `\`).
 * Throws FileNotFound for an empty path and for one that could lead out of the place.
 */
export function parseFilePath(given: string): string {
  const names = given.replaceAll('\\', '/').split('/');
  const kept = names.filter((name) => name !== '' && name !== '.');
  if (kept.length > 0 && !kept.includes('..')) return kept.join('/');
  throw new BatchError('FileNotFound', `There is no file '${given.slice(0, 256)}'.`);
}

/** Reads `ocp-range` (`bytes=a-b` or `bytes=a-`, both inclusive); everything when absent. Throws InvalidRange. */
export function parseFileRange(header: string | undefined): FileRange {
  if (header === undefined) return { from: 0 };
  const [, first, last] = /^bytes=(\d{1,15})-(\d{1,15})?$/i.exec(header.trim()) ?? [];
  const range = { from: Number(first), ...(last !== undefined && { to: Number(last) }) };
  if (first !== undefined && range.from <= (range.to ?? range.from)) return range;
  throw new BatchError('InvalidRange', 'Header ocp-range is not of the form bytes=<first>-<last> or bytes=<first>-.', {
    HeaderName: 'ocp-range',
    HeaderValue: header.slice(0, 128),
  });
}

/** One entry of a file list. Directories carry no properties. */
export function toNodeFileResource(file: NodeFile, place: FilesPlace): Shown<typeof shownFile> {
  const name = nameIn(file, place);
  return {
    name,
    url: urlOf(name, place),
    isDirectory: file.isDirectory,
    ...(!file.isDirectory && {
      properties: {
        ...(file.lastModified !== undefined && { lastModified: file.lastModified }),
        contentLength: String(file.sizeBytes ?? 0),
        contentType: contentTypeOf(name),
        ...(file.fileMode !== undefined && { fileMode: file.fileMode }),
      },
    }),
  };
}

/** The answer to a HEAD: everything about the file but its content. */
export function toFilePropertiesAnswer(file: NodeFile, place: FilesPlace): OperationAnswer {
  return {
    status: 200,
    headers: {
      ...fileHeaders(file, place),
      ...(!file.isDirectory && {
        'Content-Type': contentTypeOf(file.name),
        'Content-Length': String(file.sizeBytes ?? 0),
      }),
    },
    ...(file.lastModified !== undefined && { lastModified: file.lastModified }),
  };
}

/** The answer to a GET. A part of a file is answered with 200 as well: clients take 206 for an error. */
export function toFileContentAnswer(file: NodeFile, content: Uint8Array, place: FilesPlace): OperationAnswer {
  return {
    status: 200,
    bytes: { content, contentType: contentTypeOf(file.name) },
    headers: fileHeaders(file, place),
    ...(file.lastModified !== undefined && { lastModified: file.lastModified }),
  };
}

// Lower-case truth values: the JavaScript client takes any other text for true.
function fileHeaders(file: NodeFile, place: FilesPlace): Record<string, string> {
  return {
    'ocp-batch-file-isdirectory': String(file.isDirectory),
    'ocp-batch-file-url': encodeURIComponent(urlOf(nameIn(file, place), place)),
    ...(file.fileMode !== undefined && { 'ocp-batch-file-mode': file.fileMode }),
  };
}

function nameIn({ name }: NodeFile, { directory }: FilesPlace): string {
  return directory !== undefined && name.startsWith(`${directory}/`) ? name.slice(directory.length + 1) : name;
}

function urlOf(name: string, { filesUrl }: FilesPlace): string {
  return `${filesUrl}/${encodeURIComponent(name)}`;
}

// Nothing that a browser would run: what tasks write is not to be trusted.
const contentTypes: Readonly<Record<string, string>> = {
  txt: 'text/plain',
  log: 'text/plain',
  md: 'text/plain',
  csv: 'text/csv',
  json: 'application/json',
  xml: 'application/xml',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  gz: 'application/gzip',
  zip: 'application/zip',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
};

/** The media type by the name's extension; bytes when it says nothing. */
export function contentTypeOf(name: string): string {
  const extension = /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  return (Object.hasOwn(contentTypes, extension) ? contentTypes[extension] : undefined) ?? 'application/octet-stream';
}
