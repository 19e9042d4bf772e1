// What the parts of a running agent share. Built once, by start-agent.ts.
import type { Clock } from '../shared/clock.js';
import type { Ids } from '../shared/ids.js';
import type { Log } from '../shared/log.js';
import type { Bus } from '../shared/queues/bus.js';
import type { Disk } from './disk.js';
import type { Downloads } from './downloads.js';
import type { FolderKeeper } from './folder-keeper.js';
import type { Identity } from './identity.js';
import type { NodeSeal } from './node-seal.js';
import type { NodeTime } from './instant.js';
import type { Journal } from './journal.js';
import type { LogKeeper } from './log-keeper.js';
import type { NodeRecord } from './node-record.js';
import type { Processes } from './processes.js';
import type { Reporter } from './reporter.js';
import type { Ending } from './run-record.js';
import type { Transfers } from './transfers.js';

/** The outer world of an agent: everything that a simulator replaces. */
export type AgentWorld = {
  readonly identity: Identity;
  readonly bus: Bus;
  readonly seal: NodeSeal;
  /** Joins the pool anew, with the same keys. */
  readonly rejoin: () => Promise<void>;
  readonly disk: Disk;
  readonly processes: Processes;
  readonly downloads: Downloads;
  readonly transfers: Transfers;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
};

export type AgentContext = AgentWorld & {
  readonly time: NodeTime;
  readonly journal: Journal;
  node(): NodeRecord;
  readonly reporter: Reporter;
  readonly folders: FolderKeeper;
  readonly logs: LogKeeper;
  /** Aborted when the agent lets go of everything. */
  readonly stop: AbortSignal;
  /** Ends a run that has not ended, started or not. The first reason wins. */
  endRun(runId: string, ending: Ending): void;
  /** Looks for runs that may start and jobs that may be forgotten. */
  advance(): void;
};
