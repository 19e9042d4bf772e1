// The fixture app, what its functions recorded, and raw HTTP as no client library would send it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { delay, systemClock } from '../../../shared/clock.js';
import { createLog, type Log, type LogFields, type LogLevel } from '../../../shared/log.js';

export const fixtureApp = fileURLToPath(new URL('../../fixtures/functions-app', import.meta.url));
export const masterKey = 'the-master-key';

export type Seen = {
  readonly function?: string;
  readonly hook?: string;
  readonly event?: string;
  readonly [name: string]: unknown;
};

/** A file that the fixture's functions write to; `settings` tells them where. */
export function createRecord(): { settings: Record<string, string>; seen(): Seen[]; clear(): void; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'functions-host-'));
  const file = path.join(folder, 'seen.jsonl');
  writeFileSync(file, '');
  return {
    settings: { SEEN_FILE: file, SWEEP_SCHEDULE: '0 */5 * * * *', SINGLE_QUEUE: 'single' },
    seen: () =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line): Seen => JSON.parse(line)),
    clear: () => writeFileSync(file, ''),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export type LogLine = { readonly level: LogLevel; readonly message: string; readonly fields: LogFields };

/** A log that keeps its lines. */
export function createLogCollector(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = [];
  return { lines, log: createLog((level, message, fields) => lines.push({ level, message, fields }), 'debug') };
}

/** Waits until `read` gives something other than undefined or false; fails, saying `what`, after `withinMs`. */
export async function eventually<T>(what: string, read: () => T | undefined | false, withinMs = 15_000): Promise<T> {
  const deadlineMs = systemClock.monotonicMs() + withinMs;
  for (;;) {
    const value = read();
    if (value !== undefined && value !== false) return value;
    if (systemClock.monotonicMs() > deadlineMs) throw new Error(`Did not happen within ${withinMs} ms: ${what}`);
    await delay(systemClock, 5);
  }
}

/** Closes a gate that the fixture's functions wait at; `open` lets everything through, now and later. */
export function closeGate(): { open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  Reflect.set(globalThis, Symbol.for('functions-app.gate'), () => opened);
  return { open };
}

/** Sends `text` over a fresh connection and resolves with all that came back once the server closed it. */
export function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    let received = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (received += chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}
