// A join key as JSON: what its pool's owner gives to a machine.
import { toJoinKeyText, type JoinKey } from './join-keys.js';

export function toJoinKeyResource(key: JoinKey): object {
  return {
    id: key.id,
    key: toJoinKeyText(key),
    since: key.since,
    ...(key.validUntil === undefined ? {} : { validUntil: key.validUntil }),
  };
}
