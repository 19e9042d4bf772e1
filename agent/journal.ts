// The agent's memory: node, runs, forgotten jobs and early kills, in small files that are replaced as a whole.
// What is asked to be saved while a write is under way goes out together in the next one. Knows no rule about runs.
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { Log } from '../shared/log.js';
import type { Disk } from './disk.js';
import { keptFolderSchema, type KeptFolder } from './kept-folder.js';
import { logTargetSchema, logUploadSchema, type LogTarget, type LogUpload } from './kept-log.js';
import {
  earlyKillSchema,
  forgottenJobSchema,
  nodeRecordSchema,
  type EarlyKill,
  type ForgottenJob,
  type NodeRecord,
} from './node-record.js';
import { runRecordSchema, type RunRecord } from './run-record.js';

export type JournalEntries = {
  readonly runs?: readonly RunRecord[];
  readonly forgottenJobs?: readonly ForgottenJob[];
  readonly earlyKills?: readonly EarlyKill[];
  readonly keptFolders?: readonly KeptFolder[];
  readonly logUploads?: readonly LogUpload[];
  readonly logTargets?: readonly LogTarget[];
};

export type Journal = {
  readonly runs: ReadonlyMap<string, RunRecord>;
  /** The runs that have not ended or whose end the controller has not acknowledged: few, however many are remembered. */
  readonly pending: ReadonlyMap<string, RunRecord>;
  readonly forgottenJobs: ReadonlyMap<string, ForgottenJob>;
  readonly earlyKills: ReadonlyMap<string, EarlyKill>;
  /** By directory. */
  readonly keptFolders: ReadonlyMap<string, KeptFolder>;
  /** By run. */
  readonly logUploads: ReadonlyMap<string, LogUpload>;
  /** By incarnation of the job. */
  readonly logTargets: ReadonlyMap<string, LogTarget>;
  /** Undefined before the first `saveNode`. */
  node(): NodeRecord | undefined;
  saveNode(node: NodeRecord): Promise<NodeRecord>;
  /** Changes the node's record from the newest one asked to be saved; resolves with the result once it is durable. */
  updateNode(change: (node: NodeRecord) => NodeRecord): Promise<NodeRecord>;
  /** Resolves once the entries are durable; only then do the maps show them. Rejects, with nothing shown, when the disk refuses. */
  save(entries: JournalEntries): Promise<void>;
  removeRuns(runIds: readonly string[]): Promise<void>;
  removeForgottenJobs(incarnations: readonly string[]): Promise<void>;
  removeEarlyKills(runIds: readonly string[]): Promise<void>;
  removeKeptFolders(directories: readonly string[]): Promise<void>;
  removeLogUploads(runIds: readonly string[]): Promise<void>;
  removeLogTargets(incarnations: readonly string[]): Promise<void>;
};

const nodeFile = 'node.json';

/** Reads what an earlier agent left. A file that cannot be read as its kind is set aside from memory, with a warning. */
export async function loadJournal(disk: Disk, log: Log): Promise<Journal> {
  const runs = await loadFolder(disk, 'runs', runRecordSchema, log);
  const jobs = await loadFolder(disk, 'forgotten-jobs', forgottenJobSchema, log);
  const kills = await loadFolder(disk, 'early-kills', earlyKillSchema, log);
  const folders = await loadFolder(disk, 'kept-folders', keptFolderSchema, log);
  const uploads = await loadFolder(disk, 'log-uploads', logUploadSchema, log);
  const targets = await loadFolder(disk, 'log-targets', logTargetSchema, log);
  let node = parse(nodeFile, await disk.readState(nodeFile), nodeRecordSchema, log);
  let askedNode = node;
  const runById = new Map(runs.map((run) => [run.runId, run]));
  const pending = new Map(runs.filter(isPending).map((run) => [run.runId, run]));
  const jobByIncarnation = new Map(jobs.map((job) => [job.incarnation, job]));
  const killByRun = new Map(kills.map((kill) => [kill.runId, kill]));
  const folderByDirectory = new Map(folders.map((folder) => [folder.directory, folder]));
  const uploadByRun = new Map(uploads.map((upload) => [upload.runId, upload]));
  const targetByIncarnation = new Map(targets.map((target) => [target.incarnation, target]));
  const write = createGroupWriter(disk);

  const saveNode = async (changed: NodeRecord): Promise<NodeRecord> => {
    askedNode = changed;
    await write(new Map([[nodeFile, changed]]));
    node = changed;
    return changed;
  };
  const remove = async <T>(map: Map<string, T>, folder: string, ids: readonly string[]): Promise<void> => {
    for (const id of ids) map.delete(id);
    await disk.removeState(ids.map((id) => fileOf(folder, id)));
  };
  return {
    runs: runById,
    pending,
    forgottenJobs: jobByIncarnation,
    earlyKills: killByRun,
    keptFolders: folderByDirectory,
    logUploads: uploadByRun,
    logTargets: targetByIncarnation,
    node: () => node,
    saveNode,
    async updateNode(change) {
      if (askedNode === undefined) throw new Error('The node has no record to change: it has not joined');
      return saveNode(change(askedNode));
    },
    async save(entries) {
      const files = new Map<string, unknown>();
      // Before the ends that they go with: a crash in between leaves nothing that nobody would ever remove.
      for (const folder of entries.keptFolders ?? []) files.set(fileOf('kept-folders', folder.directory), folder);
      for (const upload of entries.logUploads ?? []) files.set(fileOf('log-uploads', upload.runId), upload);
      for (const target of entries.logTargets ?? []) files.set(fileOf('log-targets', target.incarnation), target);
      for (const run of entries.runs ?? []) files.set(fileOf('runs', run.runId), run);
      for (const job of entries.forgottenJobs ?? []) files.set(fileOf('forgotten-jobs', job.incarnation), job);
      for (const kill of entries.earlyKills ?? []) files.set(fileOf('early-kills', kill.runId), kill);
      if (files.size > 0) await write(files);
      for (const run of entries.runs ?? []) {
        runById.set(run.runId, run);
        if (isPending(run)) pending.set(run.runId, run);
        else pending.delete(run.runId);
      }
      for (const job of entries.forgottenJobs ?? []) jobByIncarnation.set(job.incarnation, job);
      for (const kill of entries.earlyKills ?? []) killByRun.set(kill.runId, kill);
      for (const folder of entries.keptFolders ?? []) folderByDirectory.set(folder.directory, folder);
      for (const upload of entries.logUploads ?? []) uploadByRun.set(upload.runId, upload);
      for (const target of entries.logTargets ?? []) targetByIncarnation.set(target.incarnation, target);
    },
    removeRuns(runIds) {
      for (const runId of runIds) pending.delete(runId);
      return remove(runById, 'runs', runIds);
    },
    removeForgottenJobs: (incarnations) => remove(jobByIncarnation, 'forgotten-jobs', incarnations),
    removeEarlyKills: (runIds) => remove(killByRun, 'early-kills', runIds),
    removeKeptFolders: (directories) => remove(folderByDirectory, 'kept-folders', directories),
    removeLogUploads: (runIds) => remove(uploadByRun, 'log-uploads', runIds),
    removeLogTargets: (incarnations) => remove(targetByIncarnation, 'log-targets', incarnations),
  };
}

function isPending({ state }: RunRecord): boolean {
  return state.name !== 'ended' || !state.acknowledged;
}

/** Ids come from outside, so file names are digests of them. */
export function fileOf(folder: string, id: string): string {
  return `${folder}/${createHash('sha256').update(id).digest('hex').slice(0, 40)}.json`;
}

type Waiter = { readonly resolve: () => void; readonly reject: (error: unknown) => void };

function createGroupWriter(disk: Disk): (files: ReadonlyMap<string, unknown>) => Promise<void> {
  let gathered = new Map<string, string>();
  let waiters: Waiter[] = [];
  let isWriting = false;
  const writeAll = async (): Promise<void> => {
    isWriting = true;
    while (gathered.size > 0) {
      const [files, waiting] = [gathered, waiters];
      [gathered, waiters] = [new Map(), []];
      try {
        await disk.writeState([...files].map(([name, text]) => ({ name, text })));
        for (const waiter of waiting) waiter.resolve();
      } catch (error) {
        for (const waiter of waiting) waiter.reject(error);
      }
    }
    isWriting = false;
  };
  return (files) =>
    new Promise((resolve, reject) => {
      for (const [name, content] of files) gathered.set(name, JSON.stringify(content));
      waiters.push({ resolve, reject });
      if (!isWriting) void writeAll();
    });
}

async function loadFolder<T>(disk: Disk, folder: string, schema: z.ZodType<T>, log: Log): Promise<T[]> {
  const names = (await disk.listState(folder)).filter((name) => name.endsWith('.json'));
  const found: T[] = [];
  for (const name of names) {
    const file = `${folder}/${name}`;
    const parsed = parse(file, await disk.readState(file), schema, log);
    if (parsed !== undefined) found.push(parsed);
  }
  return found;
}

function parse<T>(file: string, text: string | undefined, schema: z.ZodType<T>, log: Log): T | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    // The text may hold command lines, so only the kind of the fault is told.
    log.warn('journal file was not readable', { file, error: error instanceof Error ? error.name : 'unknown' });
    return undefined;
  }
}
