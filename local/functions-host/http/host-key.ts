// The host key: the one credential this host knows, for admin calls and for functions that are not anonymous.
import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether `presented` is the master key; takes the same time whatever it is. An empty master key opens nothing. */
export function isMasterKey(presented: string | null | undefined, masterKey: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(presented ?? ''), digest(masterKey)) && masterKey !== '';
}
