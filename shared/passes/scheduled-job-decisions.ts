// Which jobs have ended whose schedules, if they have one, are to hear of it: once when they end, and once more when their reference goes, should the
// pass that ended them have died before it told.
import type { Draft } from './draft.js';

/** Jobs that complete in this round: to be told once that is saved. Those that are purged are told where their rows go. */
export function endedNow({ jobs }: Draft): readonly string[] {
  return [...jobs.values()]
    .filter(({ job, seen }) => job.state === 'completed' && seen.job?.state !== 'completed')
    .map(({ job }) => job.definition.id);
}

/** Jobs that were read as completed or gone, and whose reference goes in this round: to be told before that is saved. */
export function endedBefore({ seen, refs }: Draft): readonly string[] {
  return seen.refs.map(({ jobId }) => jobId).filter((jobId) => !refs.has(jobId.toLowerCase()));
}
