// A pass: see, decide, save, send. A crash anywhere is a redelivery of the messages, decided again from the tables.
import { isOf } from '../job-nodes/job-node-decisions.js';
import { headRow, jobPartition } from '../jobs/job-rows.js';
import { jobRefRow, poolPartition } from '../pools/pool-rows.js';
import type { Services } from '../services.js';
import { TableConflict } from '../tables/table.js';
import { settleDependencies } from '../tasks/settle-dependencies.js';
import { tryAgain } from '../tables/try-again.js';
import { askAgain, askSince, decidePass, type Decision } from './decide-pass.js';
import type { Draft, JobDraft } from './draft.js';
import { afterSaving, type KnownJob } from './known-job.js';
import { etagKey, type Etags } from './etags.js';
import { removeDefinitions } from './place-definition.js';
import { purgeJob, type KnownRows } from './purge-job.js';
import { hasChanges, saveJob, savePool } from './save-pass.js';
import { keepTrusted } from './trusted-reports.js';
import { seeAgain, seeMore, seePool, type Sight } from './see-pool.js';
import type { Asked, Seen } from './seen.js';
import { endedBefore, endedNow } from './scheduled-job-decisions.js';
import { sendCapacity, sendOrders, sendWakeUp, tellSchedules } from './send-pass.js';

type Acting = Extract<Decision, { kind: 'act' }>;

// More rounds than any honest pass takes: a loop that never ends would hold the pool's session.
const mostRounds = 200;
const mostReadings = 20;
// A pass takes milliseconds to read; the lock of its session lasts minutes.
const longestReadingMs = 20_000;

/** Looks at one pool until nothing is left to do for what was asked. One pass at a time per pool is expected, and etags hold when there are two. */
export async function runPass(services: Services, poolId: string, asked: Asked): Promise<void> {
  let question = asked;
  for (let round = 1; round <= mostRounds; round += 1) {
    const beganAt = services.clock.now().toISOString();
    let tries = 0;
    const { decision, etags } = await tryAgain(services, async () => {
      tries += 1;
      // An attempt that lost a race may have saved a part of what it decided, and has sent nothing of it.
      return decideAndSave(services, poolId, tries === 1 ? question : askSince(question, beganAt));
    });
    const { draft, capacity, wakeUpAt } = decision;
    await sendOrders(services, draft);
    await tellSchedules(services, endedNow(draft));
    for (const farewell of draft.farewells.values()) await sendCapacity(services, farewell);
    if (capacity !== undefined) await sendCapacity(services, capacity);
    if (wakeUpAt !== undefined) await sendWakeUp(services, poolId, wakeUpAt);
    for (const jobDraft of draft.jobs.values())
      if (jobDraft.purge) await purgeJob(services, jobDraft.job, knownRows(draft, jobDraft, etags));
    const isSettled = await settle(services, draft);
    logPass(services, poolId, draft);
    if (!draft.more && isSettled) return;
    question = askAgain(question, draft);
  }
  throw new Error(`The pass over pool '${poolId}' did not come to rest in ${mostRounds} rounds`);
}

/** Lets tasks go on that waited for others; false when these are to be looked at in another round. */
async function settle(services: Services, draft: Draft): Promise<boolean> {
  let isSettled = true;
  for (const { job } of draft.jobs.values()) {
    if (job.dependenciesDue !== true) continue;
    const { madeReady, more } = await settleDependencies(services, job);
    if (madeReady || more) isSettled = false;
  }
  return isSettled;
}

/** What of the job the pass knows to be there, as it has read or written it. */
function knownRows({ seen, refs }: Draft, { key, job }: JobDraft, etags: Etags): KnownRows {
  const isMine = refs.get(key)?.incarnation === job.incarnation;
  return {
    head: etags.get(etagKey(jobPartition(key), headRow)),
    reference: isMine ? etags.get(etagKey(poolPartition(seen.poolId), jobRefRow(key))) : undefined,
  };
}

type Saved = { readonly decision: Acting; readonly etags: Etags };

async function decideAndSave(services: Services, poolId: string, asked: Asked): Promise<Saved> {
  const beganMs = services.clock.monotonicMs();
  const { decision, sight } = await seeAndDecide(services, poolId, asked);
  refuseTorn(sight, services.clock.monotonicMs() - beganMs);
  // Before the references go that led here: whoever finds none left cannot know whose jobs they were.
  await tellSchedules(services, endedBefore(decision.draft));
  const { pool } = sight.seen;
  // A pool goes once it has no node left that could ask for its start task.
  if (pool !== undefined && decision.draft.pool === undefined) await removeDefinitions(services, pool.incarnation);
  await saveAndRemember(services, decision.draft, sight);
  return { decision, etags: sight.etags };
}

/** Should it fail, nothing is remembered: what was saved of it is found by reading. */
async function saveAndRemember(services: Services, draft: Draft, { etags, known, recalled }: Sight): Promise<void> {
  const { jobMemory } = services;
  for (const key of known.keys()) jobMemory.forget(key);
  const kept: KnownJob[] = [];
  try {
    await savePool(services, draft, etags);
    for (const jobDraft of draft.jobs.values()) {
      await saveJob(services, jobDraft, etags);
      const before = known.get(jobDraft.key);
      if (before !== undefined && isWorthKeeping(jobDraft)) kept.push(afterSaving(before, jobDraft, etags));
    }
  } catch (error) {
    if (error instanceof TableConflict) for (const key of recalled) jobMemory.distrust(key);
    throw error;
  }
  for (const job of kept) jobMemory.keep(draft.seen.poolId, job);
}

// Of a job that is over nothing more is to come, or its rows go; one with dependencies due is changed before this pass ends.
const isWorthKeeping = ({ job, purge }: JobDraft): boolean =>
  job.state !== 'completed' && job.state !== 'deleting' && !purge && job.dependenciesDue !== true;

/**
 * The pool is read before its jobs, and only what is written is checked by etag: had the session's lock been lost in between, and another
 * pass been here, nodes of long ago would be held against jobs of now. Throws TableConflict when that may be so.
 */
function refuseTorn({ seen }: Sight, readingMs: number): void {
  const nodes = new Map(seen.nodes.map((node) => [node.id, node]));
  const isAhead = seen.jobs.some(({ jobNodes }) =>
    jobNodes.some((jobNode) => {
      const node = nodes.get(jobNode.nodeId);
      return node !== undefined && isOf(jobNode, node) && jobNode.epoch > node.epoch;
    }),
  );
  if (!isAhead && readingMs <= longestReadingMs) return;
  throw new TableConflict('changed', `Pool '${seen.poolId}' may have changed while its jobs were read`);
}

async function seeAndDecide(
  services: Services,
  poolId: string,
  asked: Asked,
): Promise<{ decision: Acting; sight: Sight }> {
  let sight = await seePool(services, poolId);
  const trusted = await keepTrusted(services, sight.seen.nodes, asked);
  const isLosing = losesNodes(sight.seen);
  const mayRecall = (key: string): boolean => !isLosing && isRecallAllowed(asked, key);
  const first = { jobs: asked.jobIds, tasks: [], origins: [] };
  if (asked.jobIds.length > 0) sight = await seeMore(services, sight, first, mayRecall);
  for (let reading = 1; reading <= mostReadings; reading += 1) {
    const decision = decidePass(sight.seen, trusted, services.clock.now());
    if (decision.kind === 'needs') {
      sight = await seeMore(services, sight, decision.needs, mayRecall);
      continue;
    }
    const unproven = findUnproven(decision.draft, sight);
    if (unproven.length === 0) return { decision, sight };
    sight = await seeAgain(services, sight, unproven);
  }
  throw new Error(`The pass over pool '${poolId}' asked for more to read ${mostReadings} times`);
}

// Whoever asks for everything, or asks again, has reason to doubt.
const isRecallAllowed = ({ everyJob, reask, changedJobs }: Asked, key: string): boolean =>
  !everyJob && !reask && changedJobs?.includes(key) !== true;

// A node is handed to its provisioner when the pool is saved, which the lost race of a job does not take back: what it owes is read.
const losesNodes = ({ pool, nodes }: Seen): boolean =>
  (pool !== undefined && (pool.allocationState !== 'steady' || pool.state !== 'active')) ||
  nodes.some(({ request }) => request !== undefined);

/** Jobs that were remembered and are not written by this decision, so that no etag would tell that they have changed. */
function findUnproven({ jobs }: Draft, { recalled }: Sight): readonly string[] {
  return [...recalled].filter((key) => {
    const jobDraft = jobs.get(key);
    return jobDraft === undefined || !hasChanges(jobDraft);
  });
}

function logPass({ log }: Services, poolId: string, draft: Draft): void {
  log.info('pass done', {
    poolId,
    reports: draft.asked.reports.length,
    jobs: draft.jobs.size,
    orders: draft.orders.size,
    ended: [...draft.jobs.values()].filter((job) => job.job.state === 'completed').length,
  });
}
