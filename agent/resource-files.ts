// Puts a run's resource files into its working directory, as they come, a few at a time. Interrupted anywhere, it can be done again.
// What fails for good is told with Batch's code; the command is then not started, and not tried again.
// https://learn.microsoft.com/azure/batch/resource-files
import type { FailureInfo } from '../shared/tasks/run-definition.js';
import { defaultFileMode, fileModeOf, pathBelow, type ResourceFile } from '../shared/tasks/resource-file.js';
import type { AgentWorld } from './agent-context.js';
import { FileRefused } from './disk.js';
import { blobFailed, containerFailed, fileFailed, withoutSignature, type FileNames } from './file-failures.js';
import { forEach } from './for-each.js';
import { transferAgain } from './transfer-again.js';
import { TransferFailed } from './transfers.js';

export type ReceiveOutcome =
  | { readonly outcome: 'received' }
  | { readonly outcome: 'failed'; readonly failure: FailureInfo }
  /** A URL that the controller made is good no more. */
  | { readonly outcome: 'stale' };

type Receiving = Pick<AgentWorld, 'disk' | 'transfers' | 'clock'> & {
  /** Directory of the files, relative to the node root. */
  readonly working: string;
  /** The first one that is aborted ends it: what is under way rejects with its reason. */
  readonly signal: AbortSignal;
};

const filesAtOnce = 4;

/** Receives the files in their order, those of one container a few at once. Rejects with the signal's reason only. */
export async function receiveResourceFiles(
  receiving: Receiving,
  files: readonly ResourceFile[],
): Promise<ReceiveOutcome> {
  const targets = new Set<string>();
  for (const file of files) {
    try {
      if (file.httpUrl !== undefined) await receiveUrl(receiving, file, file.httpUrl, targets);
      else await receiveContainer(receiving, file, targets);
    } catch (error) {
      if (error instanceof StaleUrl) return { outcome: 'stale' };
      if (error instanceof CannotReceive) return { outcome: 'failed', failure: error.failure };
      throw error;
    }
  }
  return { outcome: 'received' };
}

class CannotReceive extends Error {
  override readonly name = 'CannotReceive';
  readonly failure: FailureInfo;

  constructor(failure: FailureInfo, options?: ErrorOptions) {
    super(failure.message, options);
    this.failure = failure;
  }
}

class StaleUrl extends Error {
  override readonly name = 'StaleUrl';
}

async function receiveUrl(receiving: Receiving, file: ResourceFile, url: string, targets: Set<string>): Promise<void> {
  const target = claimTarget(file.filePath ?? '', targets);
  const names = { source: withoutSignature(url), filePath: file.filePath ?? '' };
  await receive(receiving, file, { target, names, open: () => receiving.transfers.readUrl(url, receiving.signal) });
}

async function receiveContainer(receiving: Receiving, file: ResourceFile, targets: Set<string>): Promise<void> {
  const { transfers, signal, clock } = receiving;
  const { storageContainerUrl: url, autoStorageContainerName: linked } = file;
  const source = linked ?? withoutSignature(url ?? '');
  if (url === undefined)
    throw new CannotReceive(containerFailed('notFound', 'There is no container of this name to read', { source }));
  const directory = pathBelow(file.filePath ?? '');
  if (directory === undefined) throw escapes(file.filePath ?? '');
  const blobs = await withFailure(
    (error) => failedContainer(error, source, linked),
    () =>
      transferAgain({ clock, signal }, async () => {
        const names: string[] = [];
        for await (const page of transfers.listBlobs(url, file.blobPrefix ?? '', signal))
          for (const { name, isDirectory } of page) if (!isDirectory) names.push(name);
        return names;
      }),
  );
  const claimed = blobs.map((name) => ({ name, target: claimTarget(`./${directory}/${name}`, targets) }));
  await forEach(claimed, filesAtOnce, ({ name, target }) =>
    receive(receiving, file, {
      target,
      names: { source: `${source}/${name}`, filePath: target },
      open: () => transfers.readBlob(url, name, signal),
      isLinked: linked !== undefined,
    }),
  );
}

type Reception = {
  readonly target: string;
  readonly names: FileNames;
  readonly open: () => Promise<AsyncIterable<Uint8Array>>;
  readonly isLinked?: boolean;
};

async function receive(
  { disk, clock, signal, working }: Receiving,
  { fileMode }: ResourceFile,
  { target, names, open, isLinked }: Reception,
): Promise<void> {
  const mode = fileModeOf(fileMode) ?? defaultFileMode;
  await withFailure(
    (error) => {
      if (error instanceof FileRefused)
        return new CannotReceive(fileFailed(error.fault, error.message, names), { cause: error });
      if (!(error instanceof TransferFailed)) return undefined;
      // Its container could be listed: only the time has run out meanwhile.
      if (isLinked === true && error.fault === 'denied') return new StaleUrl('The URL is good no more');
      return new CannotReceive(blobFailed(error.fault, error.message, names), { cause: error });
    },
    () =>
      transferAgain({ clock, signal }, async () =>
        disk.receiveFile({ within: working, path: target, mode }, await open()),
      ),
  );
}

function failedContainer(error: unknown, source: string, linked: string | undefined): Error | undefined {
  if (!(error instanceof TransferFailed)) return undefined;
  if (linked !== undefined && error.fault === 'denied') return new StaleUrl('The URL is good no more');
  return new CannotReceive(containerFailed(error.fault, error.message, { source }), { cause: error });
}

/** The path below the working directory, which no other file of the run may have. */
function claimTarget(path: string, targets: Set<string>): string {
  const target = pathBelow(path);
  if (target === undefined || target === '') throw escapes(path);
  if (targets.has(target))
    throw new CannotReceive(fileFailed('escapes', 'Two resource files have the same path', { filePath: target }));
  targets.add(target);
  return target;
}

function escapes(path: string): CannotReceive {
  return new CannotReceive(fileFailed('escapes', 'The path leads out of the working directory', { filePath: path }));
}

async function withFailure<T>(toFailure: (error: unknown) => Error | undefined, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    throw toFailure(error) ?? error;
  }
}
