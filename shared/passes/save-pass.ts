// Saving what a pass decided: leases first, then each job in transactions guarded by its head, so that a terminate in between fences the assignment.
import { toEventWrites } from '../events/event-rows.js';
import type { JobNode } from '../job-nodes/job-node.js';
import { headRow, jobNodeRow, jobPartition, readyRow, toJobHead, toJobNode, toReady } from '../jobs/job-rows.js';
import { existsRow, jobRefRow, nodeRow, poolPartition, toJobRef, toNode, toPoolHead } from '../pools/pool-rows.js';
import type { Services } from '../services.js';
import { sizeOf } from '../tables/document.js';
import { maxWritesPerTransaction, TableConflict, type EntityValues, type Table, type Write } from '../tables/table.js';
import { toSatisfiedWrites } from '../tasks/dependency-rows.js';
import { taskRow, toTaskStatus } from '../tasks/task-rows.js';
import type { Draft, JobDraft } from './draft.js';
import { etagKey, type Etags } from './etags.js';

// A transaction takes 4 MiB; some room is left for the coding of the request.
const maxTransactionBytes = 3_000_000;

/** Saves the pool's rows, and notes the etags that they have then. Throws TableConflict when a row changed since it was read. */
export async function savePool({ table, clock, ids }: Services, draft: Draft, etags: Etags): Promise<void> {
  const partition = poolPartition(draft.seen.poolId);
  const write = async (writes: readonly Write[]): Promise<void> => {
    const fresh = await table.write(partition, writes);
    writes.forEach(({ row }, index) => etags.set(etagKey(partition, row), fresh[index] ?? ''));
  };
  const { head, ...pool } = toHeadWrites(draft, partition, etags);
  const nodes = toNodeWrites(draft, partition, etags);
  const refs = toRefWrites(draft);
  const events = toEventWrites(draft.events, clock.now(), ids.uuid());
  const units = [...pool.marker, ...nodes.kept, ...refs.kept, ...events, ...nodes.gone].map((each) => ({
    writes: [each],
  }));
  const transactions = toTransactions(units, 1, head === undefined ? 0 : sizeOf(head.values)).map(writesOf);
  if (head !== undefined && transactions.length === 0) transactions.push([]);
  for (const [index, writes] of transactions.entries()) {
    const removes = writes.some(({ type }) => type === 'delete');
    const guard = index === 0 ? (head ?? guardOf(removes)) : guardOf(removes);
    await write(guard === undefined ? writes : [guard, ...writes]);
  }
  if (pool.gone.length > 0) await removeMarker(table, partition);
  // A removal with a condition is a transaction of its own. It comes last: it ends what the others are about.
  for (const { row } of [...refs.gone, ...pool.gone])
    await table.write(partition, [{ type: 'delete', row, etag: etags.get(etagKey(partition, row)) ?? '' }]);

  // The id of a node may be given again, in this pool or in the next of its id; whoever joins anew writes the head along.
  function guardOf(removes: boolean): Write | undefined {
    const etag = etags.get(etagKey(partition, headRow));
    return removes && etag !== undefined ? { type: 'merge', row: headRow, values: {}, etag } : undefined;
  }
}

/** The row that says that there is a pool goes before the pool does, so that none is left. Without it, or should it be that of the next pool, a request more is made. */
async function removeMarker(table: Pick<Table, 'write'>, partition: string): Promise<void> {
  try {
    await table.write(partition, [{ type: 'delete', row: existsRow }]);
  } catch (error) {
    if (!(error instanceof TableConflict)) throw error; // There was none.
  }
}

type Row = { readonly row: string };
type HeadWrite = Extract<Write, { type: 'insert' | 'replace' }>;

function toHeadWrites(
  { seen, pool }: Draft,
  partition: string,
  etags: Etags,
): { readonly head?: HeadWrite; readonly marker: readonly Write[]; readonly gone: readonly Row[] } {
  if (pool === seen.pool) return { marker: [], gone: [] };
  if (pool === undefined) return { marker: [], gone: [{ row: headRow }] };
  const written = { row: headRow, values: toPoolHead(pool) };
  const marker: readonly Write[] = [{ type: 'upsert', row: existsRow, values: {} }];
  if (seen.pool === undefined) return { head: { type: 'insert', ...written }, marker, gone: [] };
  return {
    head: { type: 'replace', ...written, etag: etags.get(etagKey(partition, headRow)) ?? '' },
    marker: [],
    gone: [],
  };
}

type RowWrites<Gone> = { readonly kept: readonly Write[]; readonly gone: readonly Gone[] };

function toNodeWrites({ seen, nodes }: Draft, partition: string, etags: Etags): RowWrites<Write> {
  const before = new Map(seen.nodes.map((node) => [node.id, node]));
  const gone = seen.nodes.filter((node) => !nodes.has(node.id));
  return {
    kept: [...nodes.values()]
      .filter((node) => before.get(node.id) !== node)
      .map((node) => toWrite(partition, nodeRow(node.id), toNode(node), etags)),
    gone: gone.map((node): Write => ({ type: 'delete', row: nodeRow(node.id) })),
  };
}

// What a reference says is a hint: whoever writes last is right enough, and the next pass looks again. It is removed only if nobody renewed it,
// and one that was not there is not put over one that came meanwhile: that may be of a job which is just being added.
function toRefWrites({ seen, refs }: Draft): RowWrites<Row> {
  const before = new Map(seen.refs.map((ref) => [jobRefRow(ref.jobId), ref]));
  const kept = new Set([...refs.values()].map((ref) => jobRefRow(ref.jobId)));
  return {
    kept: [...refs.values()]
      .filter((ref) => before.get(jobRefRow(ref.jobId)) !== ref)
      .map((ref): Write => {
        const row = jobRefRow(ref.jobId);
        return { type: before.has(row) ? 'upsert' : 'insert', row, values: toJobRef(ref) };
      }),
    gone: [...before.keys()].filter((row) => !kept.has(row)).map((row) => ({ row })),
  };
}

/** Whether anything of the job is to be saved. */
export function hasChanges({ seen, job, jobNodes, tasks, readyOwner, satisfied, events }: JobDraft): boolean {
  const before = new Set(seen.jobNodes);
  const isSame = job === seen.job && [...jobNodes.values()].every((jobNode) => before.has(jobNode));
  return !isSame || tasks.size > 0 || readyOwner.size > 0 || satisfied.size > 0 || events.length > 0;
}

/** Saves one job's rows, and notes the etags that they have then. Throws TableConflict when its head changed since it was read. */
export async function saveJob({ table, clock, ids }: Services, jobDraft: JobDraft, etags: Etags): Promise<void> {
  if (!hasChanges(jobDraft)) return;
  const partition = jobPartition(jobDraft.key);
  const units = toUnits(jobDraft, partition, etags);
  const head = toJobHead(jobDraft.job);
  let etag = etags.get(etagKey(partition, headRow)) ?? '';
  let { openTasks } = jobDraft.seen.job ?? jobDraft.job;
  const transactions = toTransactions(units, 2, sizeOf(head));
  const last = Math.max(transactions.length, 1) - 1;
  for (let index = 0; index <= last; index += 1) {
    const transaction = transactions[index] ?? [];
    const writes = writesOf(transaction);
    openTasks -= countCompleted(jobDraft, writes);
    // What the job enters holds once everything is saved, so only the last transaction says it; the count of open tasks goes along, and
    // what follows from a task's end, which no later pass would find out.
    const { due } = jobDraft;
    const between = {
      ...(jobDraft.seen.job ?? jobDraft.job),
      everAssigned: jobDraft.job.everAssigned,
      openTasks,
      ...(due === undefined ? {} : { due }),
      ...(jobDraft.job.dependenciesDue === true ? { dependenciesDue: true as const } : {}),
    };
    const values = index === last ? head : toJobHead(between);
    const nodeIds = new Set(transaction.map(({ nodeId }) => nodeId));
    const events = jobDraft.events
      .filter(({ nodeId }) => (nodeId === undefined ? index === last : nodeIds.has(nodeId)))
      .map(({ event }) => event);
    const all: readonly Write[] = [
      { type: 'replace', row: headRow, values, etag },
      ...writes,
      ...toEventWrites(events, clock.now(), ids.uuid()),
    ];
    const fresh = await table.write(partition, all);
    for (const [place, { row }] of all.entries()) etags.set(etagKey(partition, row), fresh[place] ?? '');
    etag = fresh[0] ?? '';
  }
  etags.set(etagKey(partition, headRow), etag);
}

function countCompleted(jobDraft: JobDraft, chunk: readonly Write[]): number {
  const rows = new Set(chunk.map((write) => write.row));
  return [...jobDraft.tasks].filter(([taskId, { status }]) => status.state === 'completed' && rows.has(taskRow(taskId)))
    .length;
}

/** What belongs together: a job node with the tasks and the waiting rows that changed because of it. */
function toUnits(jobDraft: JobDraft, partition: string, etags: Etags): readonly NodeUnit[] {
  const before = new Map(jobDraft.seen.jobNodes.map((jobNode) => [jobNode.nodeId, jobNode]));
  const units = new Map<string, Write[]>();
  const unitOf = (nodeId: string): Write[] => {
    const unit = units.get(nodeId) ?? [];
    units.set(nodeId, unit);
    return unit;
  };
  for (const jobNode of jobDraft.jobNodes.values()) {
    if (before.get(jobNode.nodeId) !== jobNode) unitOf(jobNode.nodeId).push(toJobNodeWrite(partition, jobNode, etags));
  }
  for (const [taskId, { nodeId, status }] of jobDraft.tasks) {
    unitOf(nodeId).push({ type: 'merge', row: taskRow(taskId), values: toTaskStatus(status) });
  }
  for (const [order, nodeId] of jobDraft.readyOwner) {
    const ready = jobDraft.ready.get(order);
    const row = readyRow(order);
    unitOf(nodeId).push(
      ready === undefined ? { type: 'delete', row } : { type: 'upsert', row, values: toReady(ready) },
    );
  }
  for (const [taskId, nodeId] of jobDraft.satisfied) unitOf(nodeId).push(...toSatisfiedWrites(taskId));
  return [...units].map(([nodeId, writes]) => ({ nodeId, writes }));
}

const toJobNodeWrite = (partition: string, jobNode: JobNode, etags: Etags): Write =>
  toWrite(partition, jobNodeRow(jobNode.nodeId), toJobNode(jobNode), etags);

function toWrite(partition: string, row: string, values: EntityValues, etags: Etags): Write {
  const etag = etags.get(etagKey(partition, row));
  return etag === undefined ? { type: 'insert', row, values } : { type: 'replace', row, values, etag };
}

type Unit = { readonly writes: readonly Write[] };
type NodeUnit = Unit & { readonly nodeId: string };

const writesOf = (units: readonly Unit[]): readonly Write[] => units.flatMap(({ writes }) => writes);

/** Packs units into transactions without tearing one apart; `reserved` rows and bytes are left free in each. */
function toTransactions<U extends Unit>(
  units: readonly U[],
  reserved = 0,
  reservedBytes = 0,
): readonly (readonly U[])[] {
  const transactions: U[][] = [];
  let rows = reserved;
  let bytes = reservedBytes;
  for (const unit of units) {
    const size = unit.writes.reduce((sum, write) => sum + ('values' in write ? sizeOf(write.values) : 300), 0);
    const current = transactions.at(-1);
    const fits = rows + unit.writes.length <= maxWritesPerTransaction && bytes + size <= maxTransactionBytes;
    if (current !== undefined && fits) {
      current.push(unit);
      rows += unit.writes.length;
      bytes += size;
    } else {
      transactions.push([unit]);
      rows = reserved + unit.writes.length;
      bytes = reservedBytes + size;
    }
  }
  return transactions;
}
