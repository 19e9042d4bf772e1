// The controller's verbs and passes on the real table and blobs.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAzureBlobs } from '../../../shared/blobs/azure-blobs.js';
import { systemClock } from '../../../shared/clock.js';
import { systemIds } from '../../../shared/ids.js';
import { createAzureTable } from '../../../shared/tables/azure-table.js';
import type { Services } from '../../../shared/services.js';
import { startAzurite, type TestAzurite } from '../../helpers/azurite.js';
import { createFaultyTable } from '../../helpers/faulty-table.js';
import { createRecordingBus, createServices } from '../../helpers/memory-services.js';
import { beginLife, countBeginnings, perform, playSample, sampleActs, type Life } from './life.js';

let azurite: TestAzurite;
let tables = 0;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

function begin() {
  const truth = createAzureTable(azurite.connectionString, `life${(tables += 1)}`);
  const pulse = { isDead: false };
  const table = createFaultyTable(truth, pulse);
  const bus = createRecordingBus();
  const blobs = createAzureBlobs(azurite.connectionString, 'life', systemClock);
  const services: Services = { ...createServices(), table, bus, blobs, clock: systemClock, ids: systemIds };
  return { table, life: beginLife(services, { bus, table: truth }, pulse) };
}

async function expectEnd(life: Life): Promise<void> {
  const counts = Object.entries(countBeginnings(life));
  expect(counts.filter(([, count]) => count !== 1)).toEqual([]);
  expect(counts.filter(([name]) => name.startsWith('task'))).toHaveLength(5);
  const { entities } = await life.truth.query('job:j', {}, 10);
  expect(entities).toEqual([]);
}

test('a life without faults runs everything once', async () => {
  const { life } = begin();
  await playSample(life);
  await expectEnd(life);
});

test.each(['refused', 'answerLost', 'raced', 'crash'] as const)(
  'a life in which a call of every act is %s ends the same',
  async (fault) => {
    const { life, table } = begin();
    for (const [index, act] of sampleActs.entries()) {
      table.arm(fault, 3 + ((index * 7) % 11));
      await perform(life, act);
    }
    await expectEnd(life);
  },
);
