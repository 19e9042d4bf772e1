// Looks after one run from its start, or its adoption, to its end. Every step is journaled before it acts, so that whoever comes after a
// crash can go on from the record alone. One life per run: only it changes the record until the end.
import type { AgentContext } from './agent-context.js';
import { splitCommandLine } from './command-line.js';
import { EndRequest } from './end-request.js';
import { environmentOf } from './environment.js';
import { wallClockExceeded } from './failures.js';
import { graceMs, killTree } from './kill-tree.js';
import { sendOutputFiles } from './output-files.js';
import type { Launch, Target, TryId } from './processes.js';
import { decideAfterTry, endedUnstarted, retryDelayMs, type TryEnd } from './run-decisions.js';
import { toKeptFolder } from './kept-folder.js';
import { toLogUpload, type LogUpload } from './kept-log.js';
import { setOutputAside } from './outputs.js';
import {
  isSuccess,
  jobMarker,
  type EndedState,
  type Ending,
  type RunningRecord,
  type RunRecord,
  type RunState,
} from './run-record.js';
import { prepareRun } from './start-run.js';
import { taskPaths } from './task-paths.js';
import { pause, unlessAborted, untilDone } from './waiting.js';

// A process that this agent did not start is looked at this often.
const adoptedLookMs = 250;
// Started is reported only for a process that still runs after this time.
const startedReportMs = 500;

/** Resolves when the run has ended, or rejects with AgentStopped when the agent lets go of it. */
export async function liveRun(agent: AgentContext, runId: string, ending: AbortController): Promise<void> {
  const found = agent.journal.runs.get(runId);
  if (found === undefined) return;
  let run = found.state.name === 'accepted' ? await beginRun(agent, found, ending.signal) : found;
  if (!isRunning(run)) return;
  if (run.state.ending !== undefined) ending.abort(new EndRequest(run.state.ending));
  const startedReportInMs = startedReportMs - agent.time.ageMs(run.state.firstStartedAt);
  const timers = [
    startWallClock(agent, run, ending),
    agent.clock.schedule(startedReportInMs, () => agent.reporter.request(0)),
  ];
  try {
    while (isRunning(run)) run = await liveTry(agent, run, ending.signal);
  } finally {
    for (const timer of timers) timer?.cancel();
  }
}

function isRunning(run: RunRecord): run is RunningRecord {
  return run.state.name === 'running';
}

async function beginRun(agent: AgentContext, run: RunRecord, ending: AbortSignal): Promise<RunRecord> {
  try {
    ending.throwIfAborted();
    const state = await prepareRun(agent, run, ending);
    ending.throwIfAborted();
    return await enter(agent, run, state);
  } catch (error) {
    if (!(error instanceof EndRequest)) throw error;
    const { ending: why, failure } = error.ending;
    // Receiving files counts as running: its time may be over before the command began.
    const ended = {
      ending: why === 'wallClock' ? why : 'neverStarted',
      ...(failure === undefined ? {} : { failure }),
    } as const;
    const { state } = agent.journal.runs.get(run.runId) ?? run;
    const beganAt = state.name === 'accepted' ? state.beganAt : undefined;
    return enter(agent, run, endedUnstarted(agent.time.now(), ended, beganAt));
  }
}

// The deadline counts from the start of the run, retries included, on the machine's uptime: so it survives the agent.
function startWallClock(agent: AgentContext, { state }: RunningRecord, ending: AbortController) {
  const { maxWallClockMs } = state.definition.constraints;
  if (maxWallClockMs === undefined) return undefined;
  const leftMs = maxWallClockMs - agent.time.ageMs(state.firstStartedAt);
  return agent.clock.schedule(leftMs, () =>
    ending.abort(new EndRequest({ ending: 'wallClock', failure: wallClockExceeded })),
  );
}

/** One try, from wherever it stands, to the next state of its run. */
async function liveTry(agent: AgentContext, run: RunningRecord, ending: AbortSignal): Promise<RunRecord> {
  try {
    const end = await followTry(agent, run, ending);
    await sweepAfter(agent, run, end);
    const after = decideAfterTry(run.state, end, agent.time.now());
    if (after.next === 'end') {
      return await finish(agent, run, await sendOutputFiles(agent, run, after.state, [ending, agent.stop]));
    }
    await pause(agent.clock, retryDelayMs(run.state.tryNumber + 1), [ending, agent.stop]);
    const paths = taskPaths(run.jobDirectory, run.taskId);
    const written = { attempt: run.attempt, retry: run.state.tryNumber };
    await untilDone(() => setOutputAside(agent.disk, paths, written), {
      ...agent,
      what: 'output of a try was set aside',
    });
    const tryNumber = run.state.tryNumber + 1;
    const tries = [...after.tries];
    return await enter(agent, run, { ...run.state, tryNumber, tries, startedAt: agent.time.now() });
  } catch (error) {
    if (!(error instanceof EndRequest)) throw error;
    return endRun(agent, run, error.ending);
  }
}

/** Starts the present try unless somebody did, and resolves when it no longer lives. */
async function followTry(agent: AgentContext, run: RunningRecord, ending: AbortSignal): Promise<TryEnd> {
  const { processes, clock, stop } = agent;
  const tryId = tryOf(run);
  ending.throwIfAborted();
  let look = await processes.look(tryId);
  if (look.state === 'unclaimed') {
    stop.throwIfAborted();
    const started = await processes.start(launchOf(agent, run));
    if (started.outcome === 'started') await unlessAborted(started.ended, [ending, stop]);
    look = await processes.look(tryId);
    // Nobody began it, and from here on nobody can: its end is certain.
    if (look.state === 'unclaimed' && (await processes.forbid(tryId)))
      return started.outcome === 'refused' ? { state: 'refused', message: started.message } : { state: 'forbidden' };
  }
  while (look.state === 'alive' || look.state === 'unclaimed') {
    await pause(clock, adoptedLookMs, [ending, stop]);
    look = await processes.look(tryId);
  }
  return look;
}

/** What a try leaves running is ended with it, except the services that a successful preparation or start task started for those after it. */
async function sweepAfter(agent: AgentContext, run: RunningRecord, end: TryEnd): Promise<void> {
  const mayLeaveServices = run.kind === 'preparation' || run.kind === 'startTask';
  if (mayLeaveServices && end.state === 'exited' && end.exitCode === 0) return;
  await killTree(agent, [targetOf(run)], { graceMs: 0, signal: agent.stop });
  if (run.kind === 'release') await killTree(agent, [jobTargetOf(agent, run)], { graceMs, signal: agent.stop });
}

/** Ends what runs: the reason first, then nobody can start the try any more, then the processes. */
async function endRun(agent: AgentContext, run: RunningRecord, ending: Ending): Promise<RunRecord> {
  const intended = { ...run.state, ending: run.state.ending ?? ending };
  if (run.state.ending === undefined) await enter(agent, run, intended);
  const tryId = tryOf(run);
  await untilDone(() => agent.processes.forbid(tryId), { ...agent, what: 'claim of a try that must not start' });
  const targets = [targetOf(run), ...(run.kind === 'release' ? [jobTargetOf(agent, run)] : [])];
  await killTree(agent, targets, { graceMs, signal: agent.stop });
  const after = decideAfterTry(intended, await agent.processes.look(tryId), agent.time.now());
  if (after.next === 'retry') throw new Error(`Run '${run.runId}' was being ended but would be tried again`);
  return finish(agent, run, after.state);
}

// The end of a job waits for its logs, but not for a store that does not answer.
const logsBoundMs = 10_000;

/**
 * Enters the end of a run that was started. What is to be kept of its output is sent before, for a while, as its node may be gone once the
 * job is; after a preparation tasks wait to be started, so its output is sent beside them.
 */
async function finish(agent: AgentContext, run: RunningRecord, state: EndedState): Promise<RunRecord> {
  const upload = toLogUpload(run, state);
  if (upload === undefined) return enter(agent, run, state);
  const isSent = run.kind !== 'preparation' && (await agent.logs.sendWithin(upload, logsBoundMs));
  agent.stop.throwIfAborted();
  return enter(agent, run, state, isSent ? undefined : upload);
}

/** Journals the state, trying until the disk takes it; an end is reported and may let other runs start. */
async function enter(agent: AgentContext, run: RunRecord, state: RunState, upload?: LogUpload): Promise<RunRecord> {
  const entered = { ...run, state };
  const folder = toKeptFolder(entered);
  const entries = {
    runs: [entered],
    keptFolders: folder === undefined ? [] : [folder],
    logUploads: upload === undefined ? [] : [upload],
  };
  await untilDone(() => agent.journal.save(entries), { ...agent, what: 'state of a run was journaled' });
  if (folder !== undefined) agent.folders.note(folder);
  if (upload !== undefined) agent.logs.note(upload);
  const fields = { jobId: run.jobId, taskId: run.taskId, kind: run.kind, attempt: run.attempt };
  if (state.name === 'running' && state.ending === undefined)
    agent.log.info('run was started', { ...fields, retryCount: state.tryNumber });
  if (state.name === 'running' && state.ending !== undefined)
    agent.log.info('run is being ended', { ...fields, ending: state.ending.ending });
  if (state.name === 'accepted') {
    agent.log.info('order was found too old and is asked for again', fields);
    agent.reporter.request(0);
  }
  if (state.name === 'ended') {
    agent.log.info('run ended', { ...fields, ending: state.ending, exitCode: state.exitCode });
    agent.reporter.request(startsTask(agent, entered) ? startedReportMs : 0);
  }
  return entered;
}

// Nobody waits for the news of a preparation that succeeded while its task starts at once: the task's own report tells of both.
function startsTask({ journal, node }: AgentContext, run: RunRecord): boolean {
  if (run.kind !== 'preparation' || !isSuccess(run, node().imageEpoch)) return false;
  return [...journal.pending.values()].some(
    ({ state, requiresPreparation }) => state.name === 'accepted' && requiresPreparation === run.runId,
  );
}

function launchOf({ identity }: AgentContext, run: RunningRecord): Launch {
  const paths = taskPaths(run.jobDirectory, run.taskId);
  const { definition, user } = run.state;
  const command = splitCommandLine(definition.commandLine);
  const root = identity.rootDirectory;
  return {
    tryId: tryOf(run),
    program: run.state.program,
    arguments: command.outcome === 'words' ? command.words.slice(1) : [],
    workingDirectory: `${root}/${paths.working}`,
    environment: environmentOf(run, definition.environmentSettings, identity, { ...definition, user }),
    stdoutPath: `${root}/${paths.stdout}`,
    stderrPath: `${root}/${paths.stderr}`,
    ...(user === undefined ? {} : { user }),
  };
}

function tryOf(run: RunningRecord): TryId {
  return { runId: run.runId, number: run.state.tryNumber };
}

function targetOf(run: RunningRecord): Target {
  return { kind: 'run', runId: run.runId, tries: run.state.tryNumber + 1 };
}

function jobTargetOf({ identity }: AgentContext, run: RunRecord): Target {
  return { kind: 'job', marker: jobMarker(run.incarnation, identity.nodeId) };
}
