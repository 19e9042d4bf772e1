// A pool that is made for one job, or for all jobs of a schedule: what its user says of it, both ways.
// https://learn.microsoft.com/rest/api/batchservice/job/add#autopoolspecification
import type { Shown } from '../rest/answer-types.js';
import type { shownPoolInfo } from './job-schema.js';
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { fromPoolSpecification, poolSpecificationBody } from '../pools/pool-body.js';
import { toPoolSpecification } from '../pools/pool-resource.js';
import { choice } from '../rest/body-types.js';
import { ifSet } from '../tasks/run-resource.js';
import type { AutoPool } from './job.js';

export const autoPoolBody = z
  .strictObject({
    autoPoolIdPrefix: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,20}$/, 'expected 1 to 20 letters, digits, hyphens and underscores')
      .optional(),
    poolLifetimeOption: choice(['job', 'jobschedule']),
    keepAlive: z.boolean().default(false),
    pool: poolSpecificationBody,
  })
  .register(named, { id: 'AutoPoolSpecificationParameter' });

export function fromAutoPool({ pool, ...body }: z.output<typeof autoPoolBody>): AutoPool {
  return {
    ...ifSet('autoPoolIdPrefix', body.autoPoolIdPrefix),
    poolLifetimeOption: body.poolLifetimeOption,
    keepAlive: body.keepAlive,
    pool: fromPoolSpecification(pool),
  };
}

/** The specification with every default spelled out. */
export function toAutoPool({
  pool,
  ...autoPool
}: AutoPool): Shown<typeof shownPoolInfo>['autoPoolSpecification'] & object {
  return { ...autoPool, pool: { ...ifSet('displayName', pool.displayName), ...toPoolSpecification(pool) } };
}
