// NCRONTAB expressions: six fields, {second} {minute} {hour} {day} {month} {day-of-week}, or five without seconds. UTC.
// https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
// Day and day-of-week must both match, unlike in classic cron.

/** The values each field allows. */
export type Schedule = {
  readonly seconds: ReadonlySet<number>;
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
};

type Field = { readonly name: string; readonly min: number; readonly max: number; readonly names?: readonly string[] };

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const second: Field = { name: 'second', min: 0, max: 59 };
const minute: Field = { name: 'minute', min: 0, max: 59 };
const hour: Field = { name: 'hour', min: 0, max: 23 };
const day: Field = { name: 'day', min: 1, max: 31 };
const month: Field = { name: 'month', min: 1, max: 12, names: monthNames };
// 7 is Sunday too.
const weekday: Field = { name: 'day-of-week', min: 0, max: 7, names: weekdayNames };

/** Parses an expression. Throws an Error naming the field and what was found in it. */
export function parseSchedule(expression: string): Schedule {
  const fields = expression.trim().split(/\s+/);
  if (fields.length === 5) fields.unshift('0');
  if (fields.length !== 6) {
    throw new Error(`Schedule "${expression}": expected six fields, found ${fields.length}`);
  }
  const parse = (index: number, field: Field): ReadonlySet<number> => {
    const values = parseField(fields[index] ?? '', field);
    if (values === undefined) {
      throw new Error(`Schedule "${expression}": "${fields[index]}" is not a ${field.name} field`);
    }
    return values;
  };
  return {
    seconds: parse(0, second),
    minutes: parse(1, minute),
    hours: parse(2, hour),
    days: parse(3, day),
    months: parse(4, month),
    weekdays: new Set([...parse(5, weekday)].map((value) => value % 7)),
  };
}

/** The first instant strictly after `after` that the schedule names; undefined when there is none within ten years. */
export function nextOccurrence(schedule: Schedule, after: Date): Date | undefined {
  const { seconds, minutes, hours, days, months, weekdays } = schedule;
  const at = new Date(Math.floor(after.getTime() / 1000) * 1000 + 1000);
  const limitMs = after.getTime() + 10 * 366 * 24 * 3_600_000;
  // Each step jumps to the start of the next larger unit that could match, so the loop stays short.
  while (at.getTime() <= limitMs) {
    if (!months.has(at.getUTCMonth() + 1)) {
      at.setUTCMonth(at.getUTCMonth() + 1, 1);
      at.setUTCHours(0, 0, 0);
    } else if (!days.has(at.getUTCDate()) || !weekdays.has(at.getUTCDay())) {
      at.setUTCDate(at.getUTCDate() + 1);
      at.setUTCHours(0, 0, 0);
    } else if (!hours.has(at.getUTCHours())) {
      at.setUTCHours(at.getUTCHours() + 1, 0, 0);
    } else if (!minutes.has(at.getUTCMinutes())) {
      at.setUTCMinutes(at.getUTCMinutes() + 1, 0);
    } else if (!seconds.has(at.getUTCSeconds())) {
      at.setUTCSeconds(at.getUTCSeconds() + 1);
    } else {
      return at;
    }
  }
  return undefined;
}

function parseField(text: string, field: Field): ReadonlySet<number> | undefined {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(\*|[a-z0-9]+)(?:-([a-z0-9]+))?(?:\/(\d+))?$/i.exec(part);
    if (match === null) return undefined;
    const [, from = '', to, stepText] = match;
    const step = stepText === undefined ? 1 : Number(stepText);
    const isEvery = from === '*';
    const first = isEvery ? field.min : parseValue(from, field);
    // "5/15" runs from 5 to the end of the field; a plain "5" is itself alone.
    const openEnd = isEvery || stepText !== undefined ? field.max : first;
    const last = to === undefined ? openEnd : parseValue(to, field);
    if (first === undefined || last === undefined || first > last || step < 1 || (isEvery && to !== undefined)) {
      return undefined;
    }
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return values;
}

function parseValue(text: string, { min, max, names = [] }: Field): number | undefined {
  const named = names.indexOf(text.slice(0, 3).toLowerCase());
  if (/^[a-z]{3,}$/i.test(text)) return named === -1 ? undefined : named + min;
  const value = Number(text);
  return /^\d+$/.test(text) && value >= min && value <= max ? value : undefined;
}
