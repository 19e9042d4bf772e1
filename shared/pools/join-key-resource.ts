// A join key as JSON: what its pool's owner gives to a machine.
import type { Shown } from '../rest/answer-types.js';
import type { shownJoinKey } from './pool-schema.js';
import { toJoinKeyText, type JoinKey } from './join-keys.js';

export function toJoinKeyResource(key: JoinKey): Shown<typeof shownJoinKey> {
  return {
    id: key.id,
    key: toJoinKeyText(key),
    since: key.since,
    ...(key.validUntil === undefined ? {} : { validUntil: key.validUntil }),
  };
}
