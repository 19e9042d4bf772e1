// Entity tags as Batch makes them: the .NET ticks (100 ns since year 1) of the last modification, in hexadecimal.
import type { Validators } from './conditions.js';

const ticksAtUnixEpoch = 621_355_968_000_000_000n;

/** The entity tag, without quotes, of something last modified at this ISO 8601 UTC instant. */
export function etagOf(lastModified: string): string {
  const [, whole, fraction = ''] = /^([^.]*)(?:\.(\d+))?Z$/.exec(lastModified) ?? [];
  const wholeMs = Date.parse(`${whole ?? ''}Z`);
  if (Number.isNaN(wholeMs)) throw new Error(`'${lastModified}' is not an ISO 8601 instant in UTC.`);
  const ticks = ticksAtUnixEpoch + BigInt(wholeMs) * 10_000n + BigInt(fraction.slice(0, 7).padEnd(7, '0'));
  return `0x${ticks.toString(16).toUpperCase()}`;
}

/** What conditional headers are compared with, for a resource last modified then. */
export function toValidators(lastModified: string): Validators {
  return { etag: etagOf(lastModified), lastModified };
}
