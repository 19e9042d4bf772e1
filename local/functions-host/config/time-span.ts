// Durations as host.json writes them: [days.]hours:minutes[:seconds[.fraction]].

const timeSpan = /^(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/;

/** The milliseconds of a time span such as `00:00:01.500` or `1.00:00:00`; undefined when it is none. */
export function parseTimeSpanMs(text: string): number | undefined {
  const match = timeSpan.exec(text.trim());
  if (match === null) return undefined;
  const [, days = '0', hours = '0', minutes = '0', seconds = '0', fraction = '0'] = match;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const wholeSeconds = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  return wholeSeconds * 1000 + Number(`0.${fraction}`) * 1000;
}
