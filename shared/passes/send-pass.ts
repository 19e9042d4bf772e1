// Telling the world what a pass decided and saved: orders to nodes, what is wanted to the provisioner, the next wake-up.
// Everything here may be told twice.
import { BlobsUnavailable } from '../blobs/blobs.js';
import { hashOf } from '../hash.js';
import { jobContainerName } from '../jobs/job-container.js';
import { hintTypes, toHintMessage } from '../events/hints.js';
import { jobScheduleHintTypes, sendJobScheduleHints } from '../events/job-schedule-hints.js';
import { schedulesOf } from '../jobs/scheduled-job-id.js';
import {
  messageTypes,
  nodeSession,
  poolSession,
  type Capacity,
  type Order,
  type RunOrder,
} from '../nodes/node-messages.js';
import { sealedContentType } from '../nodes/sealing.js';
import type { Membership } from '../nodes/node-keys.js';
import type { OutgoingMessage } from '../queues/bus.js';
import type { Services } from '../services.js';
import { placeDefinition } from './place-definition.js';
import type { Draft, DraftOrder, DraftRunOrder } from './draft.js';

// A message takes 256 KB, and sealing makes a text a third longer twice.
const maxOrderBytes = 130_000;
const logTargetValidMs = 7 * 24 * 3600_000;

/** Sends one message per (job, node). */
export async function sendOrders(services: Services, draft: Draft): Promise<void> {
  if (draft.orders.size === 0) return;
  const orders = await Promise.all([...draft.orders.values()].map((order) => toMessages(services, draft, order)));
  await services.bus.send('node-orders', orders.flat());
}

async function toMessages(services: Services, draft: Draft, order: DraftOrder): Promise<readonly OutgoingMessage[]> {
  const node = draft.nodes.get(order.nodeId);
  const { startTask, preparation, release, tasks, wantsLogTarget, ...rest } = order;
  const hasRuns = preparation !== undefined || release !== undefined || tasks.length > 0;
  const logTarget = hasRuns || wantsLogTarget === true ? await findLogTarget(services, order) : undefined;
  const common = {
    ...rest,
    ...(logTarget === undefined ? {} : { logTarget }),
    acknowledged: { epoch: node?.epoch ?? 0, sequence: node?.sequence ?? 0 },
  };
  const inPlace = async (run: DraftRunOrder): Promise<RunOrder> => ({
    ...run,
    definition: await placeDefinition(services, order.incarnation, run),
  });
  const [placedStartTask, placedPreparation, placedRelease, placedTasks] = await Promise.all([
    startTask === undefined ? undefined : inPlace(startTask),
    preparation === undefined ? undefined : inPlace(preparation),
    release === undefined ? undefined : inPlace(release),
    Promise.all(tasks.map(inPlace)),
  ]);
  const first: Order = {
    ...common,
    tasks: [],
    ...(placedStartTask === undefined ? {} : { startTask: placedStartTask }),
    ...(placedPreparation === undefined ? {} : { preparation: placedPreparation }),
    ...(placedRelease === undefined ? {} : { release: placedRelease }),
  };
  return Promise.all(withTasks(first, placedTasks).map((each) => toMessage(services, each, node?.membership)));
}

/** Where the output of the job's runs is to be kept. Without it the node asks for it once there is something to keep. */
async function findLogTarget({ containers, log }: Services, { jobId }: DraftOrder): Promise<Order['logTarget']> {
  try {
    return { url: await containers.writeUrl(jobContainerName(jobId), logTargetValidMs) };
  } catch (error) {
    if (!(error instanceof BlobsUnavailable)) throw error;
    log.warn('order went without a URL for the output of its runs', { jobId, error });
    return undefined;
  }
}

/** As many orders as it takes for each to fit into a message; usually one. */
function withTasks(first: Order, tasks: readonly RunOrder[]): readonly Order[] {
  const orders: Order[] = [first];
  let length = bytesOf(first);
  for (const task of tasks) {
    const size = bytesOf(task);
    const last = orders.at(-1) ?? first;
    if (last.tasks.length > 0 && length + size > maxOrderBytes) {
      const { startTask: _, preparation: __, release: ___, ...rest } = first;
      orders.push({ ...rest, kills: [], forget: false, tasks: [task] });
      length = size;
    } else {
      orders[orders.length - 1] = { ...last, tasks: [...last.tasks, task] };
      length += size;
    }
  }
  return orders;
}

const bytesOf = (content: object): number => Buffer.byteLength(JSON.stringify(content));

async function toMessage(
  { clock, sealing }: Services,
  order: Order,
  membership: Membership | undefined,
): Promise<OutgoingMessage> {
  const id = hashOf(JSON.stringify(order));
  return {
    body: {
      specversion: '1.0',
      id,
      source: `/pools/${order.poolId}`,
      type: messageTypes.order,
      subject: `/nodes/${order.nodeId}`,
      time: clock.now().toISOString(),
      datacontenttype: sealedContentType,
      data: await sealing.seal(order, membership),
    },
    messageId: id,
    sessionId: nodeSession(order.poolId, order.nodeId),
  };
}

/** Tells the provisioner which nodes are wanted. */
export async function sendCapacity({ bus, clock, ids }: Services, capacity: Capacity): Promise<void> {
  const id = ids.uuid();
  await bus.send('pool-capacity', [
    {
      body: {
        specversion: '1.0',
        id,
        source: `/pools/${capacity.poolId}`,
        type: messageTypes.capacity,
        time: clock.now().toISOString(),
        datacontenttype: 'application/json',
        data: capacity,
      },
      messageId: id,
      sessionId: poolSession(capacity.poolId),
    },
  ]);
}

/** Has the pool look again at `at`. */
export async function sendWakeUp({ bus, clock, ids }: Services, poolId: string, at: Date): Promise<void> {
  await bus.send('job-events', [toHintMessage(hintTypes.wakeUp, { poolId }, { id: ids.uuid(), now: clock.now(), at })]);
}

/** Has the schedules of these jobs, which have ended, look. */
export async function tellSchedules(services: Services, endedJobIds: readonly string[]): Promise<void> {
  await sendJobScheduleHints(services, jobScheduleHintTypes.jobEnded, schedulesOf(endedJobIds));
}
