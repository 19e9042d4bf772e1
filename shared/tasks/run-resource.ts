// The parts of Batch's JSON that preparation, release and tasks have in common: environment, identity, constraints. Both ways.
import type { Shown } from '../rest/answer-types.js';
import type { shownConstraints } from './run-schema.js';
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { formatDuration } from '../rest/iso-duration.js';
import { choice, durationBody, text, unsupported } from '../rest/body-types.js';
import type { EnvironmentSetting, RunConstraints, UserIdentity } from './run-definition.js';

/** Batch keeps the files of a run this long unless told otherwise. */
export const defaultRetentionMs = 7 * 24 * 60 * 60_000;
/** Batch's unlimited duration in whole milliseconds, for durations that are stored as numbers. */
const unlimitedMs = 922_337_203_685_477;

export const environmentSettingsBody = z.array(
  z
    .strictObject({
      name: text().regex(/^[^=]+$/, "a name cannot be empty or contain '='"),
      value: text().optional(),
    })
    .register(named, { id: 'EnvironmentSettingParameter' }),
);

export const userIdentityBody = z
  .strictObject({
    username: unsupported,
    autoUser: z
      .strictObject({
        scope: choice(['pool', 'task']).optional(),
        elevationLevel: choice(['nonadmin', 'admin']).optional(),
      })
      .optional(),
  })
  .register(named, { id: 'UserIdentityParameter' });

export const retryCountBody = z.int().min(-1);

export const constraintsBody = z
  .strictObject({
    maxWallClockTime: durationBody().optional(),
    retentionTime: durationBody().optional(),
    maxTaskRetryCount: retryCountBody.optional(),
  })
  .register(named, { id: 'TaskConstraintsParameter' });

/** Environment settings, of which absence and an empty list are the same. */
export function fromEnvironmentSettings(
  body: z.output<typeof environmentSettingsBody> | undefined,
): EnvironmentSetting[] {
  return (body ?? []).map(({ name, value }) => ({ name, ...(value !== undefined && { value }) }));
}

/** The identity, by default the pool's own unprivileged user. https://learn.microsoft.com/rest/api/batchservice/task/add#autouserspecification */
export function fromUserIdentity(body: z.output<typeof userIdentityBody> | undefined): UserIdentity {
  const { scope = 'pool', elevationLevel = 'nonadmin' } = body?.autoUser ?? {};
  return { autoUser: { scope, elevationLevel } };
}

/** Constraints: unlimited, kept for 7 days, `defaultRetryCount` retries unless told otherwise. */
export function fromConstraints(
  body: z.output<typeof constraintsBody> | undefined,
  defaultRetryCount: number,
): RunConstraints {
  const wallClock = body?.maxWallClockTime;
  return {
    ...(wallClock !== undefined && Number.isFinite(wallClock) && { maxWallClockMs: wallClock }),
    retentionMs: storedDuration(body?.retentionTime ?? defaultRetentionMs),
    maxTaskRetryCount: body?.maxTaskRetryCount ?? defaultRetryCount,
  };
}

/** A duration, perhaps infinite, as a number that JSON can hold. */
export function storedDuration(milliseconds: number): number {
  return Math.min(milliseconds, unlimitedMs);
}

/** Constraints with every default spelled out. */
export function toConstraints(constraints: RunConstraints): Shown<typeof shownConstraints> {
  return {
    maxWallClockTime: formatDuration(constraints.maxWallClockMs),
    retentionTime: formatDuration(constraints.retentionMs),
    maxTaskRetryCount: constraints.maxTaskRetryCount,
  };
}

type IfSet<Name extends string, Value> = { readonly [Key in Name]?: Value };

/** `{ [name]: list }`, or nothing for an empty list: Batch leaves unset lists out. */
export function unlessEmpty<Name extends string, Item>(
  name: Name,
  list: readonly Item[],
): IfSet<Name, readonly Item[]> {
  return ifSet(name, list.length === 0 ? undefined : list);
}

/** `{ [name]: value }`, or nothing when there is no value: Batch leaves unset properties out. */
export function ifSet<Name extends string, Value>(name: Name, value: Value | undefined): IfSet<Name, Value> {
  return (value === undefined ? {} : { [name]: value }) as IfSet<Name, Value>;
}
