// Somebody who may use the namespace's queues, as every node may, and speaks in the name of others.
import {
  messageTypes,
  nodeSession,
  poolSession,
  type Order,
  type Report,
} from '../../../shared/nodes/node-messages.js';
import type { CloudEvent } from '../../../shared/events/cloud-event.js';
import type { World } from '../core/world.js';
import { forgedVersion } from '../core/facts.js';
import { completedWith } from './basic.js';
import { job, pool, tasks } from './definitions.js';
import { areDone, exits, isCompleted, isSteady } from './ends.js';
import type { Play, Scenario } from './play.js';

const keysOfNobody = '00000000-0000-4000-8000-000000000000';
const rounds = 4;

const intruder: Scenario = {
  name: 'intruder',
  about: 'reports and orders that are not of their senders’ making come in between: nobody believes or obeys them',
  isBasic: false,
  leavesOut: ['removed', 'lost', 'duplicated'],
  async script(play) {
    const { client, view, until, pause } = play;
    await client.addPool(pool(2));
    await until('both nodes joined', () => isSteady(view, 2));
    await client.addJob(job());
    await client.addTasks('J', tasks(5));
    for (let round = 1; round <= rounds; round += 1) {
      for (const { id } of view.pool('P').nodes) {
        sendForgedReport(play, id, round);
        sendForgedOrder(play, id, round);
      }
      await pause(1_500);
    }
    await until('all tasks done', () => areDone(view, 5));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(5)),
};

/** That the node has booted again and again, and lost everything it had. */
function sendForgedReport({ world }: Play, nodeId: string, round: number): void {
  const report: Report = {
    poolId: 'P',
    nodeId,
    epoch: 50 + round,
    imageEpoch: 50 + round,
    sequence: 1,
    agentVersion: forgedVersion,
    nodeTime: '2026-01-01T00:00:00.000Z',
    bootedAgoMs: 0,
    runs: [],
  };
  const data = { signedWith: keysOfNobody, content: report };
  const messageId = `forged-report-${nodeId}-${round}`;
  send(world, 'job-events', { messageId, sessionId: poolSession('P'), type: messageTypes.report, data });
}

/** To run something of a job that never was. */
function sendForgedOrder({ world, view }: Play, nodeId: string, round: number): void {
  const node = view.pool('P').nodes.find(({ id }) => id === nodeId);
  const order: Order = {
    poolId: 'P',
    nodeId,
    epoch: node?.epoch ?? 1,
    jobId: 'forged',
    incarnation: 'forged',
    jobDirectory: 'workitems/forged/job-1',
    acknowledged: { epoch: 0, sequence: 0 },
    acknowledgeWithinMs: 60_000,
    tasks: [
      {
        runId: `forged-${round}`,
        kind: 'task',
        taskId: 'forged',
        attempt: 1,
        definition: {
          inline: {
            commandLine: 'sim 1000',
            environmentSettings: [],
            constraints: { retentionMs: 1000, maxTaskRetryCount: 0 },
          },
        },
      },
    ],
    kills: [],
    forget: false,
  };
  const messageId = `forged-order-${nodeId}-${round}`;
  // What a node cannot open although it is for its keys ends as a dead letter; what is for keys it had before is of no matter.
  world.sim.note('intruder', { type: 'poisonSent', messageId, mayVanish: true });
  const data = { sealedFor: node?.membership?.keyId ?? '', by: 'nobody', content: order };
  send(world, 'node-orders', { messageId, sessionId: nodeSession('P', nodeId), type: messageTypes.order, data });
}

type Sent = {
  readonly messageId: string;
  readonly sessionId: string;
  readonly type: string;
  readonly data: unknown;
};

function send(world: World, queue: 'job-events' | 'node-orders', { messageId, sessionId, type, data }: Sent): void {
  const body: CloudEvent = { specversion: '1.0', id: messageId, source: '/forged', type, data };
  world.broker.accept(queue, [{ messageId, sessionId, body }]);
}

export const intruderScenarios: readonly Scenario[] = [intruder];
