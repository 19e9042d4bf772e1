// Large answers that came too late do not stay.
import { expect, test } from 'vitest';
import { answerFolder } from '../../../shared/nodes/late-answers.js';
import { sweep } from '../../../shared/passes/sweep.js';
import { createServices } from '../../helpers/memory-services.js';

test('an answer that nobody took is removed within the hour; one that may be waited for and everything else stays', async () => {
  const services = createServices();
  await services.blobs.put(`${answerFolder}/late`, new Uint8Array(1));
  await services.blobs.put('definitions/late', new Uint8Array(1));
  services.clock.pass(11 * 60_000);
  await services.blobs.put(`${answerFolder}/fresh`, new Uint8Array(1));
  await sweep(services, { quietPoolsToo: false });
  expect(await services.blobs.get(`${answerFolder}/late`)).toBeDefined();
  await sweep(services, { quietPoolsToo: true });
  expect(await services.blobs.get(`${answerFolder}/late`)).toBeUndefined();
  expect(await services.blobs.get(`${answerFolder}/fresh`)).toBeDefined();
  expect(await services.blobs.get('definitions/late')).toBeDefined();
});
