// Answers questions about files below the node root, and deletes them. Paths that leave the root are answered as absent.
import type { FileReply, FileRequest, NodeFile } from '../shared/nodes/node-messages.js';
import { deleteFile, type HeldFolders } from './delete-file.js';
import type { Disk, FileFacts, OpenFile } from './disk.js';
import type { Downloads } from './downloads.js';
import { isPlainPath } from './task-paths.js';

type Answer = FileReply['answer'];

// A message holds 256 KB with its envelope; base64 makes the bytes a third longer, and so does signing.
const largestInlineBytes = 130_000;
export const largestAnswerBytes = 64 * 1024 * 1024;
const mostListedFiles = 100_000;

export type FileWorld = { readonly disk: Disk; readonly downloads: Downloads; readonly heldFolders: HeldFolders };

/** Looks the answer up; content too large for a message is put to the request's blob first. Rejects when disk or blob store fail. */
export async function answerFileRequest(
  { disk, downloads, heldFolders }: FileWorld,
  { question, uploadUrl }: FileRequest,
): Promise<Answer> {
  const upload = (content: Uint8Array): Promise<void> => downloads.putBlob(uploadUrl, content);
  switch (question.kind) {
    case 'list':
      return answerList(disk, upload, question.directory, question.recursive);
    case 'properties': {
      const facts = isPlainPath(question.path) ? await disk.facts(question.path) : undefined;
      return facts === undefined
        ? { kind: 'notFound' }
        : { kind: 'properties', file: toNodeFile(question.path, facts) };
    }
    case 'read': {
      const file = isPlainPath(question.path) ? await disk.open(question.path) : undefined;
      if (file === undefined) return { kind: 'notFound' };
      try {
        return await answerRead(file, upload, question);
      } finally {
        await file.close();
      }
    }
    case 'delete':
      return deleteFile(disk, question, heldFolders);
  }
}

async function answerList(
  disk: Disk,
  upload: (content: Uint8Array) => Promise<void>,
  directory: string,
  recursive: boolean,
): Promise<Answer> {
  const isRoot = directory === '' || directory === '.';
  if (!isRoot && !isPlainPath(directory)) return { kind: 'notFound' };
  const listed = await disk.list(isRoot ? '' : directory, recursive, mostListedFiles);
  if (listed === undefined) return { kind: 'notFound' };
  const files = listed.map((file) => toNodeFile(file.path, file));
  const answer: Answer = { kind: 'list', files };
  const content = Buffer.from(JSON.stringify(answer));
  if (content.length <= largestInlineBytes) return answer;
  if (content.length > largestAnswerBytes) return tooLarge(content.length);
  await upload(content);
  return { kind: 'uploaded', of: 'list' };
}

async function answerRead(
  file: OpenFile,
  upload: (content: Uint8Array) => Promise<void>,
  { path, from, to }: { readonly path: string; readonly from: number; readonly to?: number | undefined },
): Promise<Answer> {
  const { sizeBytes } = file.facts;
  const isEmptyWhole = sizeBytes === 0 && from === 0 && to === undefined;
  if (!isEmptyWhole && (from >= sizeBytes || (to !== undefined && to < from)))
    return { kind: 'invalidRange', sizeBytes };
  const length = Math.min(to ?? Infinity, sizeBytes - 1) - from + 1;
  if (length > largestAnswerBytes) return tooLarge(length);
  const content = await file.read(from, length);
  const facts = toNodeFile(path, file.facts);
  const base64Length = Math.ceil(content.length / 3) * 4;
  if (base64Length <= largestInlineBytes)
    return { kind: 'content', file: facts, base64: Buffer.from(content).toString('base64') };
  await upload(content);
  return { kind: 'uploaded', of: 'content', file: facts };
}

function tooLarge(sizeBytes: number): Answer {
  return { kind: 'tooLarge', sizeBytes, limitBytes: largestAnswerBytes };
}

function toNodeFile(path: string, facts: FileFacts): NodeFile {
  if (facts.isDirectory) return { name: path, isDirectory: true };
  return {
    name: path,
    isDirectory: false,
    sizeBytes: facts.sizeBytes,
    lastModified: new Date(facts.modifiedMs).toISOString(),
    fileMode: `0o${facts.mode.toString(8)}`,
  };
}
