// Uploads what a task's command has left, once it has ended by itself and before the task is told to have ended. Interrupted anywhere, it can
// be done again: a blob is replaced. A failure is told with Batch's code; the task has then failed, whatever its command did.
// https://learn.microsoft.com/azure/batch/batch-task-output-files
import type { FailureInfo } from '../shared/tasks/run-definition.js';
import type { OutputFile } from '../shared/tasks/resource-file.js';
import type { AgentContext } from './agent-context.js';
import { environmentOf } from './environment.js';
import { uploadFailed, withoutSignature, type FileNames } from './file-failures.js';
import { readFilePattern, type FilePattern } from './file-pattern.js';
import { forEach } from './for-each.js';
import { dueOutputFiles } from './output-decisions.js';
import type { EndedState, RunningRecord } from './run-record.js';
import { taskPaths } from './task-paths.js';
import { transferAgain } from './transfer-again.js';
import { TransferFailed } from './transfers.js';
import { withFirstOf } from './waiting.js';

const filesAtOnce = 2;
const mostFiles = 100_000;

/** The end of the run once its output files were dealt with. Rejects only with the reason of the first of `signals` that is aborted. */
export async function sendOutputFiles(
  agent: AgentContext,
  run: RunningRecord,
  end: EndedState,
  signals: readonly AbortSignal[],
): Promise<EndedState> {
  const due = dueOutputFiles(run.state, end);
  if (due.length === 0) return end;
  const [failure] = await withFirstOf(signals, (signal) => sendAll(agent, run, due, signal));
  return failure === undefined ? end : { ...end, failure };
}

/** Sends what can be sent; answers what went wrong. */
async function sendAll(
  agent: AgentContext,
  run: RunningRecord,
  due: readonly OutputFile[],
  signal: AbortSignal,
): Promise<readonly FailureInfo[]> {
  const told: string[] = [];
  const failures: FailureInfo[] = [];
  for (const file of due) {
    try {
      await sendMatching(agent, run, file, signal, told);
    } catch (error) {
      signal.throwIfAborted();
      failures.push(toFailure(error, file));
    }
  }
  await writeRecords(agent, run, told, failures);
  return failures;
}

async function sendMatching(
  agent: AgentContext,
  run: RunningRecord,
  { filePattern, destination: { container } }: OutputFile,
  signal: AbortSignal,
  told: string[],
): Promise<void> {
  const { disk, clock, transfers, identity } = agent;
  const paths = taskPaths(run.jobDirectory, run.taskId);
  const pattern = readFilePattern(filePattern, {
    root: identity.rootDirectory,
    working: paths.working,
    environment: environmentOf(run, run.state.definition.environmentSettings, identity),
  });
  const within =
    pattern === undefined ? undefined : readableDirectories(run).find((each) => isBelow(each, pattern.base));
  if (pattern === undefined || within === undefined)
    throw new OutOfReach('The pattern leads out of the directories that a task may read');
  const found = await matching(agent, pattern);
  await forEach(found, filesAtOnce, async (path) => {
    const name = blobNameOf(pattern, path, container.path);
    await transferAgain({ clock, signal }, async () => {
      const file = await disk.open(`${pattern.base}/${path}`, within);
      // It went between being found and being opened, or is a link to something else.
      if (file === undefined) return;
      try {
        const headers = container.uploadHeaders ?? [];
        await transfers.writeBlob({ containerUrl: container.containerUrl, name, file, headers }, signal);
        told.push(`uploaded ${path} as ${name}, ${file.facts.sizeBytes} bytes`);
      } finally {
        await file.close();
      }
    });
  });
}

class OutOfReach extends Error {
  override readonly name = 'OutOfReach';
}

// The agent may be able to read more than the task: what it sends in the task's name is what Batch lets every task read.
function readableDirectories({ jobDirectory, taskId, preparationTaskId }: RunningRecord): readonly string[] {
  const own = [taskId, ...(preparationTaskId === undefined ? [] : [preparationTaskId])];
  return [...own.map((id) => taskPaths(jobDirectory, id).task), 'shared', 'startup'];
}

const isBelow = (directory: string, path: string): boolean => path === directory || path.startsWith(`${directory}/`);

/** Paths of the files that are meant, relative to the pattern's base. */
async function matching({ disk }: AgentContext, pattern: FilePattern): Promise<readonly string[]> {
  const { base, literal, isDeep } = pattern;
  const prefix = `${base}/`;
  if (literal !== undefined) {
    const facts = await disk.facts(`${prefix}${literal}`);
    return facts?.isDirectory === false ? [literal] : [];
  }
  const listed = (await disk.list(base, isDeep, mostFiles)) ?? [];
  return listed
    .filter(({ isDirectory }) => !isDirectory)
    .map(({ path }) => path.slice(prefix.length))
    .filter((path) => pattern.matches(path));
}

// Without wildcards `path` is the whole name; with them it stands before what the pattern found.
function blobNameOf({ literal }: FilePattern, path: string, given: string | undefined): string {
  const folder = (given ?? '').replace(/\/+$/, '');
  if (literal !== undefined) return folder === '' ? literal : folder;
  return folder === '' ? path : `${folder}/${path}`;
}

function toFailure(error: unknown, { filePattern, destination }: OutputFile): FailureInfo {
  const names: FileNames = {
    source: withoutSignature(destination.container.containerUrl),
    filePath: filePattern,
  };
  if (error instanceof TransferFailed) return uploadFailed(error.fault, error.message, names);
  if (error instanceof OutOfReach) return { ...uploadFailed('other', error.message, names), category: 'usererror' };
  return uploadFailed('other', 'The file could not be read', names);
}

// Batch's own two files about an upload; that they cannot be written is no reason to fail the task.
async function writeRecords(
  { disk, log }: AgentContext,
  run: RunningRecord,
  told: readonly string[],
  failures: readonly FailureInfo[],
): Promise<void> {
  const { task } = taskPaths(run.jobDirectory, run.taskId);
  const lines = failures.map(({ code, message, details = [] }) =>
    [code, message, ...details.map(({ name, value }) => `${name}: ${value}`)].join(', '),
  );
  try {
    await disk.writeText(`${task}/fileuploadout.txt`, told.map((line) => `${line}\n`).join(''));
    await disk.writeText(`${task}/fileuploaderr.txt`, lines.map((line) => `${line}\n`).join(''));
  } catch (error) {
    log.warn('records of an upload were not written', { jobId: run.jobId, taskId: run.taskId, error });
  }
}
