// The safety net: every pool is asked to look at everything again, because a message may have been lost, and every job schedule that is overdue.
import { hintTypes, toHintMessage } from '../events/hints.js';
import { eventRange } from '../events/event-rows.js';
import { fromPoolHead, headRow, passRange, poolListPartition, poolPartition } from '../pools/pool-rows.js';
import { sweepJobSchedules } from '../job-schedules/sweep-job-schedules.js';
import { removeLateAnswers } from '../nodes/late-answers.js';
import type { Services } from '../services.js';
import { TableConflict, type Entity, type Write } from '../tables/table.js';

const pageSize = 100;
// Every five minutes that is 1.4 million a day, of which a task owes about two; no pool keeps the sweep from the others for long.
const eventPagesASweep = 50;
// As long as Event Grid keeps trying at most: older events are no news to anybody.
const eventsKeptMs = 24 * 3600_000;

/**
 * Sends one hint to every pool that exists or that a job names; forgets pools that nothing is left of, and events too old to tell.
 * `quietPoolsToo` false leaves out pools that are steady and have no open job, and the answers that nobody took: they are looked after once an
 * hour only.
 */
export async function sweep(services: Services, { quietPoolsToo }: { quietPoolsToo: boolean }): Promise<void> {
  const { table, bus, clock, ids } = services;
  let continuation: string | undefined;
  do {
    const page = await table.query(poolListPartition, {}, pageSize, continuation);
    const alive: string[] = [];
    for (const key of page.entities) {
      const look = await lookAt(services, key);
      if (look === 'gone') continue;
      await forgetOldEvents(services, key.row);
      if (look === 'busy' || (look === 'quiet' && quietPoolsToo)) alive.push(key.row);
    }
    const now = clock.now();
    const hints = alive.map((poolId) => toHintMessage(hintTypes.sweep, { poolId }, { id: ids.uuid(), now }));
    if (hints.length > 0) await bus.send('job-events', hints);
    continuation = page.continuation;
  } while (continuation !== undefined);
  await sweepJobSchedules(services);
  if (quietPoolsToo) await removeLateAnswers(services);
}

/**
 * Whether anything is kept for this pool id, and may be waiting for somebody to look; `over` = events only. If nothing is, the id leaves
 * the list, unless somebody named it meanwhile: whoever does writes its row anew.
 */
async function lookAt({ table }: Services, key: Entity): Promise<'busy' | 'quiet' | 'over' | 'gone'> {
  const page = await table.query(poolPartition(key.row), passRange, 2);
  const [head, second] = page.entities;
  if (head !== undefined) {
    const steady =
      head.row === headRow && fromPoolHead(head).state === 'active' && fromPoolHead(head).allocationState === 'steady';
    return steady && second?.row.startsWith('job:') !== true ? 'quiet' : 'busy';
  }
  if (page.continuation !== undefined) return 'busy';
  const events = await table.query(poolPartition(key.row), {}, 1);
  if (events.entities.length > 0 || events.continuation !== undefined) return 'over';
  try {
    await table.write(poolListPartition, [{ type: 'delete', row: key.row, etag: key.etag }]);
    return 'gone';
  } catch (error) {
    if (error instanceof TableConflict) return 'busy';
    throw error;
  }
}

async function forgetOldEvents({ table, clock }: Services, poolId: string): Promise<void> {
  const oldest = new Date(clock.now().getTime() - eventsKeptMs).toISOString();
  const partition = poolPartition(poolId);
  let continuation: string | undefined;
  for (let pages = 0; pages < eventPagesASweep; pages += 1) {
    const page = await table.query(partition, { ...eventRange, below: `event:${oldest}` }, pageSize, continuation);
    const removals = page.entities.map(({ row }): Write => ({ type: 'delete', row }));
    try {
      if (removals.length > 0) await table.write(partition, removals);
    } catch (error) {
      if (!(error instanceof TableConflict)) throw error;
      return; // Another sweep was faster, and goes on.
    }
    continuation = page.continuation;
    if (continuation === undefined) return;
  }
}
