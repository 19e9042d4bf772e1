// What really happened in a simulated world, whoever knows of it: the ground that checkers stand on.
import type { EntityValues } from '../../../shared/tables/table.js';

export type PromiseName =
  | 'promise 1: prepared before the first task'
  | 'promise 2: one preparation at a time'
  | 'start task before the first task'
  | 'promise 3: every obligation is released or waived'
  | 'promise 4: releases only while a job ends'
  | 'promise 5: what was accepted happens'
  | 'promise 6: the end is the same'
  | 'promise 7: poison is set aside alone'
  | 'promise 8: a failing preparation is told'
  | 'promise 9: quiet when nothing happens'
  | 'one job after the other'
  | 'told at once'
  | 'conservation'
  | 'dependencies'
  | 'monotone'
  | 'truth'
  | 'no bug is logged'
  | 'budget';

/** The agent version of a report that is not its node's own. */
export const forgedVersion = 'forged';

export type RunKind = 'startTask' | 'preparation' | 'task' | 'release';

/** A command line that was started on a machine. */
export type ProcessFact = {
  readonly pid: number;
  /** The machine's own name: two machines may have the same node id. */
  readonly machine: string;
  readonly nodeId: string;
  /** How often this machine was booted, and its disk laid anew. */
  readonly boot: number;
  readonly image: number;
  readonly kind: RunKind;
  readonly jobId: string;
  readonly incarnation: string;
  readonly taskId: string;
  readonly runId: string;
  readonly tryNumber: number;
};

export type RowChange = { readonly row: string; readonly before?: EntityValues; readonly after?: EntityValues };

export type Fact =
  /** A request was answered with 2xx. */
  | { readonly type: 'accepted'; readonly operation: Operation }
  | { readonly type: 'processStarted'; readonly process: ProcessFact }
  /** `recorded`: its exit code can be read by whoever looks. */
  | {
      readonly type: 'processEnded';
      readonly process: ProcessFact;
      readonly exitCode: number;
      readonly how: 'exited' | 'killed' | 'machineDown';
    }
  | { readonly type: 'machineDown'; readonly machine: string; readonly nodeId: string; readonly why: MachineEnd }
  | {
      readonly type: 'machineUp';
      readonly machine: string;
      readonly nodeId: string;
      readonly boot: number;
      readonly image: number;
    }
  /** One transaction on the table. */
  | {
      readonly type: 'committed';
      readonly partition: string;
      readonly changes: readonly RowChange[];
      readonly by: string;
    }
  /** A scenario saw a promise broken. */
  | { readonly type: 'broken'; readonly promise: PromiseName; readonly text: string }
  /** `mayVanish`: its receiver may be in a state in which it means nothing. */
  | { readonly type: 'poisonSent'; readonly messageId: string; readonly mayVanish?: true }
  | { readonly type: 'logged'; readonly who: string; readonly level: 'warn' | 'error'; readonly message: string };

export type MachineEnd = 'reboot' | 'reimage' | 'replaced' | 'removed';

export type Operation =
  | { readonly kind: 'addPool'; readonly poolId: string }
  | { readonly kind: 'deletePool'; readonly poolId: string }
  | { readonly kind: 'resizePool' | 'removeNodes' | 'actOnNode'; readonly poolId: string }
  | { readonly kind: 'addJob'; readonly jobId: string }
  | { readonly kind: 'addTasks'; readonly jobId: string; readonly taskIds: readonly string[] }
  | { readonly kind: 'deleteTask'; readonly jobId: string; readonly taskId: string }
  | { readonly kind: 'terminateTask'; readonly jobId: string; readonly taskId: string }
  | { readonly kind: 'reactivateTask'; readonly jobId: string; readonly taskId: string }
  | { readonly kind: 'disableJob'; readonly jobId: string }
  | { readonly kind: 'enableJob'; readonly jobId: string }
  | { readonly kind: 'updateJob'; readonly jobId: string }
  | { readonly kind: 'terminateJob'; readonly jobId: string }
  | { readonly kind: 'deleteJob'; readonly jobId: string }
  | { readonly kind: JobScheduleOperation; readonly scheduleId: string };

export type JobScheduleOperation =
  | 'addJobSchedule'
  | 'updateJobSchedule'
  | 'disableJobSchedule'
  | 'enableJobSchedule'
  | 'terminateJobSchedule'
  | 'deleteJobSchedule';
