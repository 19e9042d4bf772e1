// Reading files that lie on a node: its whole tree, or the part of it that belongs to a task. How answers look is node-file-resource.ts.
import { BatchError } from '../errors.js';
import type { OperationRequest } from '../rest/operation-request.js';
import type { ItemPage, PageRequest } from '../rest/paging.js';
import type { Services } from '../services.js';
import { askNode, type FileAnswer, type FileQuestion } from './ask-node.js';
import { findKeptFile, listKeptFiles, type KeptFile } from '../job-nodes/kept-logs.js';
import { parseFilePath, parseFileRange, type FileRange } from './node-file-resource.js';
import { hasReported } from './node-decisions.js';
import type { Membership } from './node-keys.js';
import type { NodeFile } from './node-messages.js';
import type { Node } from './node.js';
import { loadNode } from './read-nodes.js';

/** A node, and the folder on it (below its root) that is looked at as if it were all. */
export type FileRoot = {
  readonly poolId: string;
  readonly nodeId: string;
  /** The keys of the node, for what it is asked and answers. */
  readonly membership: Membership | undefined;
  readonly directory?: string;
  /** Why the node cannot be asked; what was kept of its files can still be read. */
  readonly absence?: BatchError;
};

/** The whole tree of a node, also of one that is gone, of which only kept output is left. Throws NodeNotReady. */
export async function locateNodeFiles(services: Services, poolId: string, nodeId: string): Promise<FileRoot> {
  try {
    const { node } = await loadNode(services, poolId, nodeId);
    requireJoined(node);
    return { poolId: node.poolId, nodeId: node.id, membership: node.membership };
  } catch (error) {
    if (!isOfCode(error, 'PoolNotFound', 'NodeNotFound')) throw error;
    return { poolId, nodeId, membership: undefined, absence: error };
  }
}

/** Whether it is a refusal with one of these codes. */
export function isOfCode(error: unknown, ...codes: readonly BatchError['code'][]): error is BatchError {
  return error instanceof BatchError && codes.includes(error.code);
}

/**
 * The file that a request's path names. Clients send the file's path as one segment with %2F, which a front end may have decoded
 * into several: the route takes both, and none that is empty, so that the list of files is not taken for a file without a name.
 */
export function filePathOf({ params }: Pick<OperationRequest, 'params'>): string {
  return [params['filePath'], params['rest']].filter((part) => part !== undefined && part !== '').join('/');
}

/** Refuses a node whose agent has never been heard of: it would be waited for in vain. Throws NodeNotReady. */
export function requireJoined(node: Node): void {
  if (!hasReported(node))
    throw new BatchError('NodeNotReady', `Node '${node.id}' of pool '${node.poolId}' has not started yet.`);
}

/**
 * The file at `path`, or the part of it that `range` (as in header `ocp-range`) names.
 * Throws FileNotFound, InvalidRange, NodeNotReady.
 */
export async function readFile(
  services: Services,
  root: FileRoot,
  path: string,
  range: string | undefined,
): Promise<FileAnswer & { kind: 'content' }> {
  const question = { kind: 'read', path: below(root, parseFilePath(path)), ...parseFileRange(range) } as const;
  return ask(services, root, question, 'content').catch(async (error: unknown) => {
    const kept = await keptInstead(services, root, question.path, error);
    const content = await services.containers.get(kept.container, kept.blob);
    if (content === undefined) throw error;
    return { kind: 'content', file: kept.file, content: cut(content, question) };
  });
}

// What the node has no longer, or cannot be asked for, may have been kept.
async function keptInstead(services: Services, root: FileRoot, path: string, error: unknown): Promise<KeptFile> {
  const isAway = error === root.absence || isOfCode(error, 'FileNotFound', 'NodeNotReady');
  const kept = isAway ? await findKeptFile(services, root, path) : undefined;
  if (kept === undefined) throw error;
  return kept;
}

function cut(content: Uint8Array, { from, to }: FileRange): Uint8Array {
  const isEmptyWhole = content.byteLength === 0 && from === 0 && to === undefined;
  if (!isEmptyWhole && from >= content.byteLength)
    throw new BatchError('InvalidRange', `The range does not lie within the file's ${content.byteLength} bytes.`, {
      Reason: `the file has ${content.byteLength} bytes`,
    });
  return content.subarray(from, to === undefined ? undefined : to + 1);
}

/**
 * Deletes the file or folder at `path`, on the node and where it was kept; a folder with something in it only if `recursive`.
 * Throws FileNotFound, OperationInvalidForCurrentState (not empty, or in use), IOError, NodeNotReady.
 */
export async function deleteFile(services: Services, root: FileRoot, path: string, recursive: boolean): Promise<void> {
  const question = { kind: 'delete', path: below(root, parseFilePath(path)), recursive } as const;
  const onNode = await ask(services, root, question, 'deleted').catch((error: unknown) => {
    // What the node has no longer may have been kept; a node that is only silent may have it still.
    if (error === root.absence || isOfCode(error, 'FileNotFound')) return { kind: 'absent', error } as const;
    throw error;
  });
  const named = await findKeptFile(services, root, question.path);
  const inFolder = recursive ? await listKeptFiles(services, root, question.path) : [];
  const kept = named === undefined ? inFolder : [named, ...inFolder];
  for (const { container, blob } of kept) await services.containers.remove(container, blob);
  if (kept.length === 0 && onNode.kind === 'absent') throw onNode.error;
}

/** What is known of the file or folder at `path`. Throws FileNotFound, NodeNotReady. */
export async function readFileProperties(services: Services, root: FileRoot, path: string): Promise<NodeFile> {
  const question = { kind: 'properties', path: below(root, parseFilePath(path)) } as const;
  const answer = await ask(services, root, question, 'properties').catch((error: unknown) =>
    keptInstead(services, root, question.path, error),
  );
  return answer.file;
}

/**
 * Pages through the files below `root`, by name. The node is asked once, when the first page is read.
 * A page throws TaskFilesUnavailable when the folder does not exist, and NodeNotReady.
 */
export function createFileList(
  services: Services,
  root: FileRoot,
  recursive: boolean,
): (page: PageRequest) => Promise<ItemPage<NodeFile>> {
  let asked: Promise<readonly NodeFile[]> | undefined;
  return async (page) => {
    asked ??= listFiles(services, root, recursive);
    return toPage(await asked, page);
  };
}

async function listFiles(services: Services, root: FileRoot, recursive: boolean): Promise<readonly NodeFile[]> {
  const question = { kind: 'list', directory: root.directory ?? '', recursive } as const;
  const { files } = await ask(services, root, question, 'list').catch(async (error: unknown) => {
    const isAway = error === root.absence || isOfCode(error, 'FileNotFound', 'NodeNotReady');
    const kept = isAway ? await listKeptFiles(services, root, question.directory) : [];
    return kept.length > 0 ? { files: kept.map(({ file }) => file) } : toUnavailable(error);
  });
  return [...files].sort((one, other) => (one.name < other.name ? -1 : 1));
}

// A node's tree always exists; the folder of a task does not before the task has started, nor once it was cleaned up.
function toUnavailable(error: unknown): never {
  if (!(error instanceof BatchError && error.code === 'FileNotFound')) throw error;
  throw new BatchError('TaskFilesUnavailable', 'The task has no files on its node.', {}, { cause: error });
}

// The continuation is the last name shown, as files come and go between two pages.
function toPage(files: readonly NodeFile[], { limit, continuation }: PageRequest): ItemPage<NodeFile> {
  const rest = continuation === undefined ? files : files.filter((file) => file.name > continuation);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return { items, ...(last && rest.length > limit && { continuation: last.name }) };
}

async function ask<Kind extends FileAnswer['kind']>(
  services: Services,
  { poolId, nodeId, membership, absence }: FileRoot,
  question: FileQuestion,
  kind: Kind,
): Promise<FileAnswer & { kind: Kind }> {
  if (absence !== undefined) throw absence;
  const answer = await askNode(services, { poolId, nodeId, membership, question });
  if (isOfKind(answer, kind)) return answer;
  throw new Error(`Node '${nodeId}' answered a question for '${kind}' with '${answer.kind}'.`);
}

function isOfKind<Kind extends FileAnswer['kind']>(
  answer: FileAnswer,
  kind: Kind,
): answer is FileAnswer & { kind: Kind } {
  return answer.kind === kind;
}

function below({ directory }: FileRoot, path: string): string {
  return directory === undefined ? path : `${directory}/${path}`;
}
