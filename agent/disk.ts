// What the agent asks of the disk, as an interface: the machine's own (adapters/node-disk.ts) and a simulator's.
// Names of state files are relative to the private state directory, paths to the node root; both use '/'.

import type { RunUser } from './users.js';

export type StateFile = { readonly name: string; readonly text: string };

export type FileFacts = {
  readonly isDirectory: boolean;
  readonly sizeBytes: number;
  /** Milliseconds since 1970 by the node's clock. */
  readonly modifiedMs: number;
  /** File type and permission bits, as in `st_mode`. */
  readonly mode: number;
};

export type ListedFile = FileFacts & { readonly path: string };

export type OpenFile = {
  readonly facts: FileFacts;
  /** Reads `length` bytes from `from`; fewer when the file has become shorter. */
  read(from: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
};

export type FileTarget = {
  /** A directory that the file must not leave, by links either. */
  readonly within: string;
  /** Below that directory. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
};

/** Why the disk did not take a file. */
export type FileFault = 'escapes' | 'directoryNotMade' | 'notCreated' | 'notWritten' | 'diskFull';

export class FileRefused extends Error {
  override readonly name = 'FileRefused';
  readonly fault: FileFault;

  constructor(message: string, fault: FileFault, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}

/** What became of an entry that was to be removed. `denied`: the system does not allow it. */
export type Removal = 'removed' | 'absent' | 'notEmpty' | 'denied';

export type Disk = {
  readState(name: string): Promise<string | undefined>;
  /** Names of the files in a folder of the state directory; none when the folder is absent. */
  listState(folder: string): Promise<readonly string[]>;
  /** Resolves once all files have their new content for good: after a crash each has the old or the new one, never a part; files later in the list are replaced later. */
  writeState(files: readonly StateFile[]): Promise<void>;
  removeState(names: readonly string[]): Promise<void>;

  /** Makes directories with their parents; existing ones are left alone. */
  makeDirectories(paths: readonly string[]): Promise<void>;
  exists(path: string): Promise<boolean>;
  /** Renames within the root; does nothing when `path` is absent. */
  rename(path: string, newPath: string): Promise<void>;
  /** Removes a directory with all it holds; an absent one is fine. */
  removeDirectory(path: string): Promise<void>;
  /** Removes a directory only if nothing is in it. */
  removeEmptyDirectory(path: string): Promise<void>;
  /**
   * Removes a file, a link (not what it leads to) or a folder, which has to be empty unless `recursive`; nothing that stands outside the
   * root, whatever links lead there. What was removed before a failure stays removed.
   */
  removeEntry(path: string, recursive: boolean): Promise<Removal>;
  /** A small text file below the root. */
  readText(path: string): Promise<string | undefined>;
  writeText(path: string, text: string): Promise<void>;
  /**
   * Writes a file as its content comes, replacing an older one only once all of it is there. Parents are made. Rejects with FileRefused, or
   * as the content does; nothing of it is left then.
   */
  receiveFile(target: FileTarget, content: AsyncIterable<Uint8Array>): Promise<void>;

  /**
   * Gives the folders below `task` to `user`; `task` itself stays the agent's, so that nobody puts anything in the place of what stands there.
   * Its user can look into it, with `isPublic` everybody can.
   */
  giveTask(task: string, folders: readonly string[], user: RunUser, isPublic: boolean): Promise<void>;
  /** How much space is left for the node's files. */
  freeBytes(): Promise<number>;
  /** Lets the members of a group do everything in a folder, with each other's files, too. */
  shareFolder(folder: string, gid: number): Promise<void>;

  /** Facts about a file or directory; undefined when it is absent, is neither, or leads out of the root through a link. */
  facts(path: string): Promise<FileFacts | undefined>;
  /** Opens a regular file for reading; undefined in the same cases, for directories, and when it is not below the directory `within`. */
  open(path: string, within?: string): Promise<OpenFile | undefined>;
  /** What a directory holds, by path; links are followed for their facts only, and not out of the root. Stops after `limit` entries. */
  list(directory: string, recursive: boolean, limit: number): Promise<readonly ListedFile[] | undefined>;
};
