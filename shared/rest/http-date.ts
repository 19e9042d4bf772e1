// Dates as HTTP writes them (RFC 1123, `Sun, 06 Nov 1994 08:49:37 GMT`), and nothing more lenient.

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const form = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;

/** Milliseconds since 1970, or undefined when the text is no such date. */
export function parseHttpDate(text: string): number | undefined {
  const [, day, month, year, hour, minute, second] = form.exec(text.trim()) ?? [];
  const monthIndex = month === undefined ? -1 : months.indexOf(month);
  if (monthIndex < 0) return undefined;
  const instant = Date.UTC(Number(year), monthIndex, Number(day), Number(hour), Number(minute), Number(second));
  // Date.UTC carries 31 February over into March; such a text is no date.
  const isReal = new Date(instant).getUTCDate() === Number(day) && Number(hour) < 24 && Number(minute) < 60;
  return isReal && Number(second) < 60 ? instant : undefined;
}

/** An ISO 8601 instant as an HTTP date; fractions of a second are cut off. */
export function formatHttpDate(instant: string): string {
  return new Date(instant).toUTCString();
}
