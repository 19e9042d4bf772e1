// A machine's disk: state files that are durable call by call, and the node root as a tree of paths. A crash leaves whole files only.
import { FileRefused, type Disk, type FileFacts, type ListedFile } from '../../../agent/disk.js';
import type { Life } from '../core/life.js';
import type { Sim } from '../core/sim.js';

/** What a disk holds: it outlives agents and boots, not images. */
export type DiskContent = {
  readonly state: Map<string, string>;
  /** Text of files, `null` for directories. */
  readonly root: Map<string, string | null>;
  freeBytes: number;
};

export const emptyDisk = (): DiskContent => ({ state: new Map(), root: new Map(), freeBytes: 1e12 });

export function createSimDisk(sim: Sim, content: DiskContent, life: Life): Disk {
  const { state, root } = content;
  const failed = (): Error => new Error('The disk refused');
  const call = <T>(
    method: string,
    about: () => string,
    effect: () => T,
    variants?: { partial: () => T },
    refuse: () => Error = failed,
  ): Promise<T> =>
    sim.call({
      life,
      api: 'disk',
      method,
      about,
      effect,
      refuse,
      ...(variants === undefined ? {} : { variants }),
    });
  const makeDirectory = (path: string): void => {
    const parts = path.split('/');
    parts.forEach((_, index) => {
      const parent = parts.slice(0, index + 1).join('/');
      if (!root.has(parent)) root.set(parent, null);
    });
  };
  const below = (path: string): string[] => [...root.keys()].filter((each) => each.startsWith(`${path}/`));
  const facts = (path: string): FileFacts | undefined => {
    const text = root.get(path);
    if (text === undefined) return undefined;
    const isDirectory = text === null;
    return { isDirectory, sizeBytes: text?.length ?? 0, modifiedMs: 0, mode: isDirectory ? 0o40755 : 0o100644 };
  };
  return {
    readState: (name) =>
      call(
        'readState',
        () => name,
        () => state.get(name),
      ),
    listState: (folder) =>
      call(
        'listState',
        () => folder,
        () =>
          [...state.keys()]
            .filter((name) => name.startsWith(`${folder}/`))
            .map((name) => name.slice(folder.length + 1)),
      ),
    writeState: (files) =>
      call(
        'writeState',
        () => files.map(({ name }) => name).join(', '),
        () => {
          for (const { name, text } of files) state.set(name, text);
        },
        {
          partial() {
            for (const { name, text } of files.slice(0, sim.chaos.int(0, files.length - 1))) state.set(name, text);
            throw failed();
          },
        },
      ),
    removeState: (names) =>
      call(
        'removeState',
        () => names.join(', '),
        () => {
          for (const name of names) state.delete(name);
        },
      ),

    makeDirectories: (paths) =>
      call(
        'makeDirectories',
        () => paths.join(', '),
        () => paths.forEach(makeDirectory),
      ),
    exists: (path) =>
      call(
        'exists',
        () => path,
        () => root.has(path),
      ),
    rename: (path, newPath) =>
      call(
        'rename',
        () => `${path} to ${newPath}`,
        () => {
          const text = root.get(path);
          if (text === undefined) return;
          root.delete(path);
          root.set(newPath, text);
        },
      ),
    removeDirectory: (path) =>
      call(
        'removeDirectory',
        () => path,
        () => {
          for (const each of [path, ...below(path)]) root.delete(each);
        },
      ),
    removeEmptyDirectory: (path) =>
      call(
        'removeEmptyDirectory',
        () => path,
        () => {
          if (below(path).length === 0) root.delete(path);
        },
      ),
    removeEntry: (path, recursive) =>
      call(
        'removeEntry',
        () => path,
        () => {
          if (!root.has(path)) return 'absent';
          if (!recursive && below(path).length > 0) return 'notEmpty';
          for (const each of [path, ...below(path)]) root.delete(each);
          return 'removed';
        },
      ),
    readText: (path) =>
      call(
        'readText',
        () => path,
        () => root.get(path) ?? undefined,
      ),
    writeText: (path, text) =>
      call(
        'writeText',
        () => path,
        () => {
          makeDirectory(path.split('/').slice(0, -1).join('/'));
          root.set(path, text);
        },
      ),
    async receiveFile({ within, path }, content) {
      let text = '';
      for await (const chunk of content) text += Buffer.from(chunk).toString();
      await call(
        'receiveFile',
        () => `${within}/${path}`,
        () => {
          const target = `${within}/${path}`;
          makeDirectory(target.split('/').slice(0, -1).join('/'));
          root.set(target, text);
        },
        undefined,
        () => new FileRefused('The disk refused', 'notWritten'),
      );
    },

    giveTask: (task) =>
      call(
        'giveTask',
        () => task,
        () => undefined,
      ),
    // Looked at so often that no crash is tried there.
    freeBytes: () => Promise.resolve(content.freeBytes),
    shareFolder: (folder) =>
      call(
        'shareFolder',
        () => folder,
        () => undefined,
      ),

    facts: (path) =>
      call(
        'facts',
        () => path,
        () => facts(path),
      ),
    open: (path) =>
      call(
        'open',
        () => path,
        () => {
          const text = root.get(path);
          const found = facts(path);
          if (typeof text !== 'string' || found === undefined) return undefined;
          return {
            facts: found,
            read: (from: number, length: number) => Promise.resolve(Buffer.from(text).subarray(from, from + length)),
            close: () => Promise.resolve(),
          };
        },
      ),
    list: (directory, recursive, limit) =>
      call(
        'list',
        () => directory,
        () => {
          if (directory !== '' && root.get(directory) !== null) return undefined;
          const paths = directory === '' ? [...root.keys()] : below(directory);
          const start = directory === '' ? 0 : directory.length + 1;
          const found: ListedFile[] = [];
          for (const path of paths.sort()) {
            const entry = facts(path);
            if (entry !== undefined && (recursive || !path.slice(start).includes('/'))) found.push({ path, ...entry });
          }
          return found.slice(0, limit);
        },
      ),
  };
}
