// One look at a pool: everything that is due is decided, from the state of the world and never from which message arrived.
// Deciding twice on the same world yields no second effect. Total, synchronous, pure.
import type { Capacity } from '../nodes/node-messages.js';
import { endAutoPool, makeAutoPool } from './auto-pool-decisions.js';
import { assignTasks } from './assignment-decisions.js';
import { serveRequests } from './departure-decisions.js';
import { tellBlockedJobs } from './blocked-decisions.js';
import { toDraft, type Draft } from './draft.js';
import { disableJobs } from './disabling-decisions.js';
import { forgetJobs } from './forgetting-decisions.js';
import { endJobs, keepRefs } from './ending-decisions.js';
import { hearReports } from './hearing-decisions.js';
import { dropVoidLeases, showNodeStates, welcomeNodes } from './node-state-decisions.js';
import { closePool, dissolvePool, loseSilentNodes, settleLostJobNodes, watchAgain } from './loss-decisions.js';
import { killDeletedTasks, repeatOrders } from './order-decisions.js';
import { renewOrders } from './renewal-decisions.js';
import { populatePool, toCapacity } from './population-decisions.js';
import { needEveryJob } from './draft.js';
import { repeatStartTasks } from './start-task-decisions.js';
import type { Asked, Seen } from './seen.js';
import { askSchedules } from './scheduled-job-decisions.js';
import { needOverdueJobs, terminateJobs } from './termination-decisions.js';
import { decideWakeUp } from './wake-up-decisions.js';

/** What has to be read before the pass can be decided. */
export type Needs = {
  readonly jobs: readonly string[];
  readonly tasks: readonly { readonly jobId: string; readonly taskId: string }[];
  /** Jobs that have been read, and of which it has to be known where they come from. */
  readonly origins: readonly string[];
};

export type Decision =
  | { readonly kind: 'needs'; readonly needs: Needs }
  | {
      readonly kind: 'act';
      readonly draft: Draft;
      readonly capacity?: Capacity;
      readonly wakeUpAt?: Date;
    };

/** Decides one round of a pass. `needs` asks to be called again with more seen; an acting draft with `more` asks for another round after saving. */
export function decidePass(seen: Seen, asked: Asked, now: Date): Decision {
  const draft = toDraft(seen, asked, now);
  if (asked.everyJob) needEveryJob(draft);
  needOverdueJobs(draft);
  askSchedules(draft);
  watchAgain(draft);
  hearReports(draft);
  dropVoidLeases(draft);
  welcomeNodes(draft);
  dissolvePool(draft);
  loseSilentNodes(draft);
  settleLostJobNodes(draft);
  closePool(draft);
  makeAutoPool(draft);
  populatePool(draft);
  serveRequests(draft);
  repeatStartTasks(draft);
  repeatOrders(draft);
  renewOrders(draft);
  killDeletedTasks(draft);
  terminateJobs(draft);
  disableJobs(draft);
  endJobs(draft);
  assignTasks(draft);
  tellBlockedJobs(draft);
  showNodeStates(draft);
  endAutoPool(draft);
  forgetJobs(draft);
  keepRefs(draft);
  const { neededJobs, neededTasks, neededOrigins } = draft;
  if (neededJobs.size > 0 || neededTasks.size > 0 || neededOrigins.size > 0) {
    const needs = { jobs: [...neededJobs], tasks: [...neededTasks.values()], origins: [...neededOrigins] };
    return { kind: 'needs', needs };
  }
  const wakeUpAt = decideWakeUp(draft);
  const capacity = toCapacity(draft);
  return {
    kind: 'act',
    draft,
    ...(capacity === undefined ? {} : { capacity }),
    ...(wakeUpAt === undefined ? {} : { wakeUpAt }),
  };
}

/** What the next round of a pass is asked: what was asked again has been sent, what was left out is found by looking. */
export function askAgain({ reaskSince: _, changedJobs: __, ...asked }: Asked, draft: Draft): Asked {
  return {
    ...asked,
    jobIds: [...new Set([...asked.jobIds, ...draft.jobs.keys()])],
    reask: false,
    ...(draft.tellCapacity ? { isCapacityTold: true } : {}),
  };
}

/** What a pass is asked when an attempt at it may have saved and sent some of its decisions: what cannot be known to have arrived is sent again. */
export function askEverything(asked: Asked): Asked {
  return { ...asked, everyJob: true, reask: true };
}

/**
 * What a pass is asked when attempts at it, the first of them at `beganAt`, may have saved some of their decisions and have sent none:
 * only these are sent again, unless everything was to be anyway. A busy pool would else be told all it is doing at every lost race.
 */
export function askSince(asked: Asked, beganAt: string): Asked {
  return asked.reask ? askEverything(asked) : { ...askEverything(asked), reaskSince: beganAt };
}
