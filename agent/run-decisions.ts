// What should happen to runs, from the journal alone. Pure; knows no process and no disk.
//
// Order among the runs of one job on this node:
//   startTask    is of no job, and starts at once.
//   preparation  starts when no other preparation or release of the job runs.
//   task         starts when the preparation it names has succeeded on this image, at once if it names none; never beside a release.
//   release      starts when every other run of the job has ended.
import { unreachable } from '../shared/unreachable.js';
import { failureExitCode } from '../shared/tasks/failures.js';
import { launchFailed, nodeCouldNot } from './failures.js';
import type { Instant } from './instant.js';
import type { ForgottenJob } from './node-record.js';
import { dueOutputFiles } from './output-decisions.js';
import type { TryLook } from './processes.js';
import {
  isSuccess,
  mostTries,
  type EndedState,
  type Ending,
  type RunningState,
  type RunRecord,
  type TryRecord,
} from './run-record.js';

export type NextStep = { readonly runId: string; readonly step: 'start' | 'endUnstarted' };

export type SeenRuns = {
  /** Every run that has not ended; others may be among them. */
  readonly pending: Iterable<RunRecord>;
  /** Every run the journal knows. */
  readonly runs: ReadonlyMap<string, RunRecord>;
  /** Runs that something already looks after: started, adopted, or about to be. */
  readonly live: ReadonlySet<string>;
  readonly forgottenJobs: ReadonlyMap<string, ForgottenJob>;
  readonly imageEpoch: number;
};

/** Which accepted runs may start now, and which never will. */
export function decideNextSteps(seen: SeenRuns): readonly NextStep[] {
  const open = [...seen.pending].filter((run) => run.state.name !== 'ended');
  const leavingDirectories = new Map(
    [...seen.forgottenJobs.values()].filter((job) => !job.isDone).map((job) => [job.jobDirectory, job.incarnation]),
  );
  const steps: NextStep[] = [];
  // Steps decided in this round count as running for the ones after.
  const started = new Set<string>();
  for (const run of open) {
    if (run.state.name !== 'accepted' || seen.live.has(run.runId)) continue;
    const leaving = leavingDirectories.get(run.jobDirectory);
    if (leaving !== undefined && leaving !== run.incarnation) continue;
    const others = open.filter((other) => other.incarnation === run.incarnation && other.runId !== run.runId);
    const runs = (other: RunRecord): boolean =>
      other.state.name === 'running' || seen.live.has(other.runId) || started.has(other.runId);
    const step = decideStep(run, others, runs, seen, leaving !== undefined);
    if (step === 'wait' || (step === 'start' && run.state.needsFreshOrder === true)) continue;
    if (step === 'start') started.add(run.runId);
    steps.push({ runId: run.runId, step });
  }
  return steps;
}

function decideStep(
  run: RunRecord,
  others: readonly RunRecord[],
  runs: (run: RunRecord) => boolean,
  seen: SeenRuns,
  isJobForgotten: boolean,
): NextStep['step'] | 'wait' {
  switch (run.kind) {
    case 'startTask':
      return 'start';
    case 'preparation':
      return others.some((other) => other.kind !== 'task' && runs(other)) ? 'wait' : 'start';
    case 'task': {
      if (others.some((other) => other.kind === 'release' && runs(other))) return 'wait';
      if (run.requiresPreparation === undefined) return 'start';
      const preparation = seen.runs.get(run.requiresPreparation);
      // The preparation's order may still be on its way, unless the job is gone.
      if (preparation === undefined) return isJobForgotten ? 'endUnstarted' : 'wait';
      if (preparation.state.name !== 'ended') return 'wait';
      return isSuccess(preparation, seen.imageEpoch) ? 'start' : 'endUnstarted';
    }
    case 'release':
      return others.length > 0 ? 'wait' : 'start';
    default:
      return unreachable(run.kind);
  }
}

/** A try as its life ended: looked at, or refused by the operating system before it began. */
export type TryEnd = TryLook | { readonly state: 'refused'; readonly message: string };

export type AfterTry =
  | { readonly next: 'retry'; readonly tries: readonly TryRecord[] }
  | { readonly next: 'end'; readonly state: EndedState };

/** What follows once a try no longer lives: another try, or the end. `look` must not be 'alive' or 'unclaimed'. */
export function decideAfterTry(state: RunningState, look: TryEnd, now: Instant): AfterTry {
  const end = (rest: Pick<EndedState, 'ending' | 'exitCode' | 'failure'>): AfterTry => ({
    next: 'end',
    state: {
      name: 'ended',
      retryCount: state.tryNumber,
      startedAt: state.startedAt,
      endedAt: now,
      retentionMs: state.definition.constraints.retentionMs,
      ...(state.tries === undefined ? {} : { tries: state.tries }),
      acknowledged: false,
      ...rest,
    },
  });
  if (state.ending !== undefined) return end({ ...state.ending, ...exitCodeOfEnded(state.ending, look) });
  switch (look.state) {
    case 'exited': {
      if (look.exitCode === 0) return end({ ending: 'exited', exitCode: 0 });
      const { maxTaskRetryCount } = state.definition.constraints;
      if (maxTaskRetryCount === -1 || state.tryNumber < maxTaskRetryCount)
        return { next: 'retry', tries: withTry(state, look.exitCode, now) };
      return end({ ending: 'exited', exitCode: look.exitCode, failure: failureExitCode });
    }
    case 'forbidden':
      return end({
        ending: 'notStartable',
        failure: nodeCouldNot('Unknown', 'The command could not be started on the node'),
      });
    case 'refused':
      return end({ ending: 'notStartable', failure: launchFailed(look.message) });
    case 'alive':
    case 'unclaimed':
    case 'vanished':
      return end({ ending: 'lost' });
    default:
      return unreachable(look);
  }
}

function withTry({ tries = [], tryNumber, startedAt }: RunningState, exitCode: number, now: Instant): TryRecord[] {
  return [...tries, { number: tryNumber, startedAt, endedAt: now, exitCode }].slice(1 - mostTries);
}

// SIGKILL also takes whoever would have recorded the code, so for our own killing it is known without a record.
function exitCodeOfEnded(ending: Ending, look: TryEnd): { readonly exitCode?: number } {
  if (look.state === 'exited') return { exitCode: look.exitCode };
  return look.state === 'vanished' && ending.ending !== 'lost' ? { exitCode: 137 } : {};
}

/** The end of a run that an earlier epoch left behind, once nothing of it lives. A code that was recorded before still counts. */
export function decideLeftBehind(
  run: RunRecord,
  look: TryLook | undefined,
  wasShutDown: boolean,
  now: Instant,
): EndedState {
  if (run.state.name === 'ended') return run.state;
  if (run.state.name === 'accepted') return endedUnstarted(now, { ending: 'lost' }, run.state.beganAt);
  // After a shutdown the code may be the work of our own signal.
  const after = look?.state === 'exited' && !wasShutDown ? decideAfterTry(run.state, look, now) : undefined;
  // With files still to upload it had not ended: it is lost as what runs in a boot is.
  if (after?.next === 'end' && dueOutputFiles(run.state, after.state).length === 0) return after.state;
  const ending: Ending = run.state.ending ?? { ending: 'lost' };
  return {
    name: 'ended',
    ...ending,
    retryCount: run.state.tryNumber,
    startedAt: run.state.startedAt,
    endedAt: now,
    retentionMs: run.state.definition.constraints.retentionMs,
    ...(run.state.tries === undefined ? {} : { tries: run.state.tries }),
    acknowledged: false,
  };
}

/** The first retries follow at once; after that a command that fails quickly does not keep the node busy. */
export function retryDelayMs(retryNumber: number): number {
  return retryNumber <= 3 ? 0 : Math.min(100 * 2 ** (retryNumber - 3), 10_000);
}

/** The end of a run whose command never started; `beganAt`: since when it received its files. */
export function endedUnstarted(
  now: Instant,
  why: Pick<EndedState, 'ending' | 'failure'>,
  beganAt?: Instant,
): EndedState {
  const started = beganAt === undefined ? {} : { startedAt: beganAt };
  return { name: 'ended', ...why, retryCount: 0, ...started, endedAt: now, acknowledged: false };
}
