// What happened, in order: facts for the checkers, and, when somebody wants to read them, lines for a timeline.
import { beginningMs } from './scheduler.js';

export type Line = { readonly atMs: number; readonly who: string; readonly what: string };

export type History = {
  readonly isKept: boolean;
  add(atMs: number, who: string, what: string): void;
  readonly lines: readonly Line[];
};

/** Keeps lines only if asked to: most runs are never read. */
export function createHistory(isKept: boolean): History {
  const lines: Line[] = [];
  return {
    isKept,
    lines,
    add(atMs, who, what) {
      if (isKept) lines.push({ atMs, who, what });
    },
  };
}

/** The history as text for a person: one line each, virtual time since the beginning, who, what. */
export function renderTimeline(lines: readonly Line[]): string {
  const width = Math.min(24, Math.max(0, ...lines.map(({ who }) => who.length)));
  return lines.map(({ atMs, who, what }) => `${renderTime(atMs)}  ${who.padEnd(width)}  ${what}`).join('\n');
}

/** hours:minutes:seconds.milliseconds since the beginning. */
export function renderTime(atMs: number): string {
  const ms = atMs - beginningMs;
  const pad = (value: number, digits: number): string => String(Math.floor(value)).padStart(digits, '0');
  return `${pad(ms / 3600_000, 2)}:${pad((ms / 60_000) % 60, 2)}:${pad((ms / 1000) % 60, 2)}.${pad(ms % 1000, 3)}`;
}
