// Everything before the first try of a run: definition, command line, folders, program. Ends with the journal saying 'running'.
import { runDefinitionSchema, type FailureInfo, type RunDefinition } from '../shared/tasks/run-definition.js';
import type { AgentContext } from './agent-context.js';
import { splitCommandLine } from './command-line.js';
import { DownloadRefused } from './downloads.js';
import { environmentOf } from './environment.js';
import { launchFailed, nodeCouldNot, programNotFound } from './failures.js';
import { noteBeginning, receiveInTime } from './begin-receiving.js';
import { earlierOutput, setOutputAside } from './outputs.js';
import { endedUnstarted } from './run-decisions.js';
import type { AcceptedState, EndedState, RunningState, RunRecord } from './run-record.js';
import { taskPaths } from './task-paths.js';
import { decideUser, poolNonadmin, takesNumber, type UserDecision } from './users.js';
import { backOffMs, pause, unlessAborted, untilDone } from './waiting.js';

// A URL that was refused this often although it was fresh will not be better next time.
const mostRenewals = 3;

/**
 * Readies an accepted run. Answers the state it enters: running with its first try, ended because it cannot be started, or still accepted
 * because its order has to come again. Nothing it began is left behind when `signal` breaks it off: only waits are broken off.
 */
export async function prepareRun(
  agent: AgentContext,
  run: RunRecord,
  signal: AbortSignal,
): Promise<RunningState | EndedState | AcceptedState> {
  const { state } = run;
  if (state.name !== 'accepted') throw new Error(`Run '${run.runId}' was to be started but is ${state.name}`);
  let { beganAt } = state;
  const notStartable = (failure: FailureInfo, retentionMs?: number): EndedState => ({
    ...endedUnstarted(agent.time.now(), { ending: 'notStartable', failure }, beganAt),
    ...(retentionMs === undefined ? {} : { retentionMs }),
  });
  const tooOld = (failure: FailureInfo, retentionMs?: number): EndedState | AcceptedState =>
    (state.renewals ?? 0) < mostRenewals
      ? { ...state, ...(beganAt === undefined ? {} : { beganAt }), needsFreshOrder: true }
      : notStartable(failure, retentionMs);

  const definition =
    'inline' in state.definition
      ? state.definition.inline
      : await fetchDefinition(agent, state.definition.url, [signal, agent.stop]);
  const unavailable = nodeCouldNot('Unknown', 'The definition of the task was not available');
  if (definition === 'refused') return tooOld(unavailable);
  if (definition === 'unreadable') return notStartable(unavailable);
  const command = splitCommandLine(definition.commandLine);
  if (command.outcome === 'unreadable') return notStartable(launchFailed(command.message));

  const paths = taskPaths(run.jobDirectory, run.taskId);
  const { retentionMs } = definition.constraints;
  try {
    await agent.folders.whenFree(paths.task);
    await agent.disk.makeDirectories([paths.working, paths.certificates]);
    await setOutputAside(agent.disk, paths, earlierOutput(run, agent.journal.runs.values()));
  } catch (error) {
    agent.log.warn('task folder was not made', { jobId: run.jobId, taskId: run.taskId, error });
    return notStartable(
      nodeCouldNot('ResourceDirectoryCreateFailed', 'The folder of the task could not be made'),
      retentionMs,
    );
  }
  const { resourceFiles: files = [], constraints } = definition;
  if (files.length > 0) {
    beganAt ??= await noteBeginning(agent, run, state);
    const received = await receiveInTime(agent, { files, constraints, working: paths.working, beganAt }, signal);
    if (received.outcome === 'failed') return notStartable(received.failure, retentionMs);
    if (received.outcome === 'stale')
      return tooOld(nodeCouldNot('Unknown', 'The container of the linked account could not be read'), retentionMs);
  }
  const chosen = await chooseUser(agent, definition.userIdentity);
  if (chosen.outcome === 'refused') return notStartable(chosen.failure, retentionMs);
  const { user } = chosen;
  if (user !== undefined) {
    const isPublic = run.kind === 'preparation' || run.kind === 'startTask';
    const giving = (): Promise<void> =>
      agent.disk.giveTask(paths.task, [paths.working, paths.certificates], user, isPublic);
    await untilDone(giving, { ...agent, what: 'folder of a task was given to its user' });
  }
  const environment = environmentOf(run, definition.environmentSettings, agent.identity, { ...definition, user });
  const program = await agent.processes.findProgram(
    command.words[0],
    environment['PATH'] ?? '',
    `${agent.identity.rootDirectory}/${paths.working}`,
  );
  if (program.outcome !== 'found')
    return notStartable((program.outcome === 'missing' ? programNotFound : launchFailed)(program.message), retentionMs);
  const now = agent.time.now();
  return {
    name: 'running',
    definition,
    program: program.path,
    tryNumber: 0,
    ...(user === undefined ? {} : { user }),
    firstStartedAt: beganAt ?? now,
    startedAt: beganAt ?? now,
  };
}

/** The user that the run will have. A number that is taken is journaled before it is used. */
async function chooseUser(agent: AgentContext, userIdentity = poolNonadmin): Promise<UserDecision> {
  const { isRoot = false, taskUsers: users = 'self' } = agent.identity;
  if (!takesNumber(userIdentity, users)) return decideUser(userIdentity, { users, isRoot, taken: 0 });
  const take = () => agent.journal.updateNode((node) => ({ ...node, usersTaken: (node.usersTaken ?? 0) + 1 }));
  const { usersTaken = 1 } = await untilDone(take, { ...agent, what: 'user of a task was journaled' });
  return decideUser(userIdentity, { users, isRoot, taken: usersTaken - 1 });
}

async function fetchDefinition(
  { downloads, clock, log }: AgentContext,
  url: string,
  signals: readonly AbortSignal[],
): Promise<RunDefinition | 'refused' | 'unreadable'> {
  for (let failures = 1; ; failures += 1) {
    try {
      const parsed = runDefinitionSchema.safeParse(JSON.parse(await unlessAborted(downloads.getText(url), signals)));
      return parsed.success ? parsed.data : 'unreadable';
    } catch (error) {
      if (error instanceof DownloadRefused) return 'refused';
      if (error instanceof SyntaxError) return 'unreadable';
      if (signals.some((signal) => signal.aborted)) throw error;
      if (failures === 1) log.warn('definition was not downloaded and is asked for again', { error });
      await pause(clock, backOffMs(failures), signals);
    }
  }
}
