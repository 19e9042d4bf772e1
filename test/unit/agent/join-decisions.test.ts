// Which epoch a starting agent belongs to.
import { describe, expect, test } from 'vitest';
import { decideJoin, decideOutrank } from '../../../agent/join-decisions.js';
import type { NodeRecord } from '../../../agent/node-record.js';
import { instantAt } from '../../helpers/run-records.js';

const node: NodeRecord = {
  version: 1,
  epoch: 4,
  imageEpoch: 2,
  imageId: 'image1',
  epochBeganAt: instantAt(0, 'boot1'),
  hasJoined: true,
  wasShutDown: false,
  reservedSequence: 300,
};
const marker = { imageId: 'image1', epoch: 4 };
const now = instantAt(50, 'boot1');

describe('a starting agent', () => {
  test('stays in its epoch after a crash of its own', () => {
    expect(decideJoin({ node, marker }, now, 'fresh')).toEqual({ node, isSameEpoch: true, isNewImage: false });
  });

  test.each<[string, Parameters<typeof decideJoin>[0], string, object]>([
    ['a reboot begins an epoch', { node, marker }, 'boot2', { epoch: 5, imageEpoch: 2, imageId: 'image1' }],
    [
      'so does a start after a shutdown',
      { node: { ...node, wasShutDown: true }, marker },
      'boot1',
      { epoch: 5, imageEpoch: 2 },
    ],
    [
      'an emptied root is another image',
      { node, marker: undefined },
      'boot1',
      { epoch: 5, imageEpoch: 5, imageId: 'fresh' },
    ],
    [
      'so is the root of another node',
      { node, marker: { imageId: 'other', epoch: 9 } },
      'boot1',
      { epoch: 10, imageEpoch: 10 },
    ],
    [
      'so is a lost journal, whose epoch the root remembers',
      { node: undefined, marker },
      'boot1',
      { epoch: 5, imageEpoch: 5 },
    ],
    [
      'a first start is epoch 1',
      { node: undefined, marker: undefined },
      'boot1',
      { epoch: 1, imageEpoch: 1, imageId: 'fresh' },
    ],
  ])('%s', (_, seen, bootId, expected) => {
    const decision = decideJoin(seen, instantAt(50, bootId), 'fresh');
    expect(decision.isSameEpoch).toBe(false);
    expect(decision.node).toMatchObject({ wasShutDown: false, epochBeganAt: { bootId, uptimeMs: 50 }, ...expected });
  });

  test('joins an epoch again that it had begun but not joined', () => {
    const begun = { ...node, hasJoined: false, imageEpoch: 4 };
    const decision = decideJoin({ node: begun, marker: undefined }, instantAt(50, 'boot2'), 'fresh');
    expect(decision.node).toEqual({ ...begun, epochBeganAt: instantAt(50, 'boot2') });
    expect(decision.isSameEpoch).toBe(false);
  });

  test('never uses a report number again', () => {
    expect(decideJoin({ node, marker }, instantAt(0, 'boot2'), 'fresh').node.reservedSequence).toBe(300);
  });

  test('outranks the epoch by which the controller knows it', () => {
    expect(decideOutrank(node, 7, now)).toMatchObject({ epoch: 8, imageEpoch: 8, imageId: 'image1' });
  });
});
