// A node that lost its journal counts its epochs anew: orders and images tell the same number apart.
import { expect, test } from 'vitest';
import { isOfAnotherEpoch, mustOutrank } from '../../../agent/order-decisions.js';
import type { NodeRecord } from '../../../agent/node-record.js';
import type { Order } from '../../../shared/nodes/node-messages.js';
import { instantAt } from '../../helpers/run-records.js';

const node: NodeRecord = {
  version: 1,
  epoch: 4,
  imageEpoch: 3,
  imageId: 'mine',
  epochBeganAt: instantAt(0),
  hasJoined: true,
  wasShutDown: false,
  reservedSequence: 100,
};

const orderOf = (epoch: number, imageId?: string): Order => ({
  ...{ poolId: 'P', nodeId: 'n1', epoch, ...(imageId === undefined ? {} : { imageId }) },
  ...{ jobId: 'J', incarnation: 'J-1', jobDirectory: 'workitems/J/job-1', acknowledgeWithinMs: 60_000 },
  ...{ acknowledged: { epoch, sequence: 1 }, tasks: [], kills: [], forget: false },
});

test.each<[string, Order, { isRefused: boolean; isOutranked: boolean }]>([
  ['its own', orderOf(4, 'mine'), { isRefused: false, isOutranked: false }],
  ['one of a controller that does not know images', orderOf(4), { isRefused: false, isOutranked: false }],
  ['one from before its boot', orderOf(3, 'mine'), { isRefused: true, isOutranked: false }],
  ['a late one from before its image', orderOf(2, 'older'), { isRefused: true, isOutranked: false }],
  ['one of a later epoch than it ever counted', orderOf(9, 'lost'), { isRefused: true, isOutranked: true }],
  ['one of another image under its own epoch', orderOf(4, 'lost'), { isRefused: true, isOutranked: true }],
  ['one of another image under the number of its own', orderOf(3, 'lost'), { isRefused: true, isOutranked: true }],
])('an agent that is given %s', (_, order, { isRefused, isOutranked }) => {
  expect(isOfAnotherEpoch(order, node)).toBe(isRefused);
  expect(mustOutrank(order, node)).toBe(isOutranked);
});
