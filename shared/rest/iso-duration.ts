// Durations as Batch reads and writes them: ISO 8601, of which .NET's longest stands for "no limit". Knows no property.

const unlimitedText = 'P10675199DT2H48M5.4775807S';
/** .NET's longest duration, cut to milliseconds: from there on a duration is unlimited. */
const unlimitedMs = 922_337_203_685_477;

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const form = /^P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d+))?S)?)?$/;

/**
 * Milliseconds of a duration, or undefined when it is unlimited. As the service does, a year counts 365 days and a
 * month 30; what is finer than a millisecond is cut off. Throws RangeError for a text that is no such duration.
 */
export function parseDuration(text: string): number | undefined {
  const parts = text.length <= 100 ? form.exec(text) : null;
  if (parts === null) throw new RangeError('Not an ISO 8601 duration.');
  const [, years, months, days, hours, minutes, seconds, fraction = ''] = parts;
  const count = (digits: string | undefined): number => Number(digits ?? 0);
  const milliseconds =
    (count(years) * 365 + count(months) * 30 + count(days)) * dayMs +
    count(hours) * hourMs +
    count(minutes) * minuteMs +
    count(seconds) * secondMs +
    Number(fraction.slice(0, 3).padEnd(3, '0'));
  return milliseconds >= unlimitedMs ? undefined : milliseconds;
}

/** The text for `milliseconds` (whole, not negative), or for no limit. Days are the largest unit, zeros are left out. */
export function formatDuration(milliseconds: number | undefined): string {
  if (milliseconds === undefined || milliseconds >= unlimitedMs) return unlimitedText;
  const days = Math.floor(milliseconds / dayMs);
  const hours = Math.floor((milliseconds % dayMs) / hourMs);
  const minutes = Math.floor((milliseconds % hourMs) / minuteMs);
  const seconds = (milliseconds % minuteMs) / secondMs;
  const time = `${unit(hours, 'H')}${unit(minutes, 'M')}${unit(seconds, 'S')}`;
  const text = `${unit(days, 'D')}${time === '' ? '' : `T${time}`}`;
  return text === '' ? 'PT0S' : `P${text}`;
}

function unit(count: number, letter: string): string {
  return count === 0 ? '' : `${count}${letter}`;
}
