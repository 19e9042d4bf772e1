// The same request twice adds one job; another request with the same key is told apart.
import { describe, expect, test } from 'vitest';
import { addJob } from '../../../shared/jobs/add-job.js';
import { toIdempotentRequest } from '../../../shared/jobs/idempotency-key.js';
import { jobDefinition } from '../../helpers/definitions.js';
import { createServices } from '../../helpers/memory-services.js';
import { refusalOf } from '../rest/refusal.js';

const body = { id: 'J', poolInfo: { poolId: 'P' }, priority: 3 };
const reordered = { priority: 3, poolInfo: { poolId: 'P' }, id: 'J' };

describe('an Idempotency-Key', () => {
  test('lets the same request be answered with the job that it has added', async () => {
    const services = createServices();
    const first = await addJob(services, jobDefinition(), toIdempotentRequest('k', body));
    services.clock.pass(5000);
    const again = await addJob(services, jobDefinition(), toIdempotentRequest('k', reordered));
    expect(again).toEqual(first);
  });

  test.each([
    ['with another body', 'k', { ...body, priority: 4 }, 'IdempotencyKeyReused'],
    ['with another key', 'l', body, 'JobExists'],
    ['without a key', undefined, body, 'JobExists'],
  ])('refuses a request for the same job %s', async (_, key, other, code) => {
    const services = createServices();
    await addJob(services, jobDefinition(), toIdempotentRequest('k', body));
    await expect(addJob(services, jobDefinition(), toIdempotentRequest(key, other))).rejects.toMatchObject({ code });
  });

  test.each([['with a blank'], ['x'.repeat(256)], ['']])('is refused when it cannot be one: %s', (key) => {
    expect(refusalOf(() => toIdempotentRequest(key, body)).code).toBe('InvalidHeaderValue');
  });
});
