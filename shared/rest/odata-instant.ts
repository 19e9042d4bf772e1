// The dates and times that a `$filter` may name: ISO 8601 (UTC unless it says otherwise) or RFC 1123.
import { parseHttpDate } from './http-date.js';

const iso = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2})(:\d{2})?(\.\d{1,7})?(Z|[+-]\d{2}:\d{2})?)?$/i;

/** Milliseconds since 1970, finer ones cut off; undefined when the text is no such date. */
export function parseInstant(text: string): number | undefined {
  const [, date, time = '00:00', seconds = ':00', fraction = '', zone = 'Z'] = iso.exec(text.trim()) ?? [];
  if (date === undefined) return parseHttpDate(text);
  const instant = Date.parse(`${date}T${time}${seconds}${fraction.slice(0, 4)}${zone.toUpperCase()}`);
  return Number.isNaN(instant) ? undefined : instant;
}
