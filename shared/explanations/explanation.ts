// An explanation: in words and in codes, what a job waits for and why, and what happens next. docs/explain.md is what users read of it.

/** Why tasks of the job wait, or the job itself does. */
export type WaitCode =
  | 'jobCompleted' // nothing is left to wait for
  | 'jobDisabled' // the job is disabled, or being disabled
  | 'noTasks' // every task has completed, or there are none
  | 'poolMissing' // there is no pool of that id
  | 'poolBeingDeleted'
  | 'poolEmpty' // the pool has no node
  | 'noNodeReady' // no node of the pool can take tasks
  | 'nodesBarred' // the preparation failed on every node that could take tasks
  | 'maxParallelTasks' // as many tasks run as the job allows
  | 'slotsTooFew' // the task wants more slots than any node has
  | 'slotsBusy' // slots are taken
  | 'assignment' // there is room: the next look at the pool assigns it
  | 'dependencyOpen' // what the task depends on has not ended
  | 'dependencyMissing' // … does not exist
  | 'dependencyBlocked' // … has ended without satisfying it: for good, unless it runs again
  | 'dependencyItself' // it depends on itself
  | 'dependencyLook' // its dependencies are about to be looked at
  | 'preparing' // the node that has the task prepares
  | 'running'
  | 'endingTasks' // the job ends: its tasks are being killed
  | 'releasing' // the job ends: releases are awaited
  | 'removal'; // the job is being deleted: its rows go

export type Wait = {
  readonly code: WaitCode;
  readonly text: string;
  /** How many tasks are concerned. */
  readonly taskCount?: number;
  /** Whether there may be more: not all tasks were looked at. */
  readonly isAtLeast?: true;
  /** The first of them. */
  readonly taskIds?: readonly string[];
  /** What it is waited for, if tasks. */
  readonly dependsOn?: readonly string[];
  /** Slots that are taken, by the jobs that have them. */
  readonly slotsByJob?: Readonly<Record<string, number>>;
};

/** What one node has to do with the job. */
export type NodeCode =
  | 'cannotTakeTasks' // its state, or its scheduling, keeps tasks away
  | 'lost' // silent past its bound
  | 'barred' // the job's preparation failed there
  | 'preparing'
  | 'running' // it has tasks of the job
  | 'full' // its slots are taken by other jobs
  | 'free'
  | 'ending' // it is to end what it has of the job
  | 'releasing'
  | 'released'
  | 'waived'
  | 'owesNothing';

export type NodeExplanation = {
  readonly nodeId: string;
  readonly state: string;
  readonly code: NodeCode;
  readonly text: string;
};

/** Something that happens by itself, at `at` if nothing happens before. Instants are ISO 8601 UTC. */
export type NextEvent = {
  readonly code:
    | 'jobTimeLimit'
    | 'taskTimeLimit'
    | 'preparationTimeLimit'
    | 'releaseTimeLimit'
    | 'orderRepeated'
    | 'nodeGivenUp'
    | 'poolLookedAt';
  readonly at: string;
  readonly text: string;
};

export type Explanation = {
  readonly jobId: string;
  readonly poolId: string;
  readonly state: string;
  /** When this was looked at. */
  readonly at: string;
  /** All of it in a few sentences. */
  readonly summary: string;
  readonly waitsFor: readonly Wait[];
  /** How many nodes are told of by each code. */
  readonly nodeCounts: Readonly<Partial<Record<NodeCode, number>>>;
  /** The first nodes of each code. */
  readonly nodes: readonly NodeExplanation[];
  /** Soonest first. */
  readonly next: readonly NextEvent[];
};

/** How many tasks and nodes are named for each reason; the others are counted. */
export const mostNamed = 10;

/** `1 task`, `3 tasks`, `At least 100 tasks`. */
export const countOf = (count: number, noun: string, isAtLeast = false): string =>
  `${isAtLeast ? 'At least ' : ''}${count} ${noun}${count === 1 ? '' : 's'}`;

export const listed = (names: readonly string[]): string =>
  [
    ...names.slice(0, mostNamed).map((name) => `'${name}'`),
    ...(names.length > mostNamed ? [`${names.length - mostNamed} more`] : []),
  ].join(', ');
