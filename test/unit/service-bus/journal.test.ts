// What is kept survives: the journal over real files, the engine over what it reads again.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cursorOver } from '../../../local/service-bus/amqp/reader.js';
import { createWriter, written } from '../../../local/service-bus/amqp/writer.js';
import type { Change } from '../../../local/service-bus/engine/changes.js';
import { applyChange, type Image } from '../../../local/service-bus/engine/image.js';
import { setSessionState, heldSession } from '../../../local/service-bus/engine/sessions.js';
import { deadLetterReason } from '../../../local/service-bus/engine/settle.js';
import { readChanges, writeChange } from '../../../local/service-bus/journal/change-codec.js';
import { openJournal, type Journal } from '../../../local/service-bus/journal/journal.js';
import { silentLog } from '../../../shared/log.js';
import { createManualClock } from '../../helpers/manual-clock.js';
import { createEngine, type EngineFixture } from './engine-fixture.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bookend-journal-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (): string => join(directory, 'journal.log');

type Kept = EngineFixture & { journal: Journal; keep(): void };

// An engine over the directory, as a broker that just started has it.
function open(rules: Parameters<typeof createEngine>[0] = {}, clock = createManualClock()): Kept {
  const engine = createEngine(rules, clock);
  const journal = openJournal(directory, {
    restore: (image) => engine.namespace.restore(image),
    snapshot: () => engine.namespace.snapshot(),
    log: silentLog,
    rewriteBytes: 20_000,
  });
  engine.changes.length = 0;
  const keep = (): void => {
    for (const change of engine.changes.splice(0)) journal.record(change);
    journal.commit();
  };
  return { ...engine, journal, keep };
}

describe('the journal', () => {
  test('gives back what was sent and not completed, in order, with its delivery count', () => {
    const before = open({ maxDeliveryCount: 10 });
    for (const id of ['a', 'b', 'c', 'd']) before.send(id);
    const receiving = before.receiver(3);
    receiving.settle('a');
    receiving.settle('c', { type: 'abandon', properties: [] });
    before.keep();
    before.journal.close();

    const after = open({ maxDeliveryCount: 10 });
    const next = after.receiver(9);
    expect(next.ids()).toEqual(['b', 'c', 'd']);
    expect(next.received.map(({ message }) => message.deliveryCount)).toEqual([0, 1, 0]);
    after.journal.close();
  });

  test('keeps dead letters, deferred and scheduled messages, session states and seen ids', () => {
    const rules = { requiresSession: true, duplicateWindowMs: 60_000 };
    const clock = createManualClock();
    const before = open(rules, clock);
    for (const id of ['dead', 'deferred']) before.send(id, { sessionId: 's' });
    before.send('scheduled', { sessionId: 's', scheduledAtMs: clock.now().getTime() + 5_000 });
    const holder = before.sessionReceiver('s', 9, 'me')!;
    holder.settle('dead', { type: 'deadLetter', properties: deadLetterReason('r', undefined) });
    holder.settle('deferred', { type: 'defer', properties: [] });
    setSessionState(before.queue, heldSession(before.queue, 's', 'me')!.session, Buffer.from('state'));
    before.keep();
    before.journal.close();

    const after = open(rules, clock);
    expect(after.counts()).toEqual({ active: 0, locked: 0, scheduled: 1, deferred: 1, deadLettered: 1 });
    expect(after.queue.sessions.get('s')?.state?.toString()).toBe('state');
    after.send('dead', { sessionId: 's' });
    expect(after.counts().active).toBe(0);
    after.advance(5_000);
    expect(after.counts()).toMatchObject({ active: 1, scheduled: 0 });
    after.journal.close();
  });

  test('never gives a sequence number a second time', () => {
    const before = open();
    const [first] = accepted(before.send('a'));
    before.receiver(1).settle('a');
    before.keep();
    before.journal.close();
    for (let start = 0; start < 2; start++) open().journal.close();
    const after = open();
    expect(accepted(after.send('b'))[0]).toBeGreaterThan(first!);
    after.journal.close();
  });

  test('a turn that was half written when the process died never happened, all before it did', () => {
    const before = open();
    before.send('a');
    before.keep();
    const whole = statSync(file()).size;
    before.send('b');
    before.send('c');
    before.keep();
    before.journal.close();
    const full = readFileSync(file());
    // Every byte at which the last write can have ended.
    for (let cut = whole; cut < full.length; cut++) {
      writeFileSync(file(), full);
      truncateSync(file(), cut);
      const after = open();
      expect(after.receiver(9).ids()).toEqual(['a']);
      after.journal.close();
    }
  });

  test('damage at the end is cut off, and what is kept later is read again', () => {
    const before = open();
    before.send('a');
    before.keep();
    before.journal.close();
    appendFileSync(file(), Buffer.alloc(100, 0xee));
    const repaired = open();
    repaired.send('b');
    repaired.keep();
    repaired.journal.close();
    const after = open();
    expect(after.receiver(9).ids()).toEqual(['a', 'b']);
    after.journal.close();
  });

  test('damaged before its end is refused with the place, and left as it is', () => {
    const before = open();
    for (const id of ['a', 'b', 'c']) {
      before.send(id);
      before.keep();
    }
    before.journal.close();
    const damaged = readFileSync(file());
    const middle = damaged.length - Math.floor((damaged.length - 8) / 2);
    damaged[middle] = (damaged[middle] ?? 0) ^ 0xff;
    writeFileSync(file(), damaged);
    expect(() => open()).toThrow(/damaged from byte \d+ to \d+/);
    expect(readFileSync(file())).toEqual(damaged);
  });

  test('holds only what is alive after a start', () => {
    const before = open();
    const receiving = before.receiver(1_000);
    for (let at = 0; at < 500; at++) before.send(`m${at}`);
    for (const id of receiving.ids()) receiving.settle(id);
    before.keep();
    before.journal.close();
    const grown = statSync(file()).size;
    open().journal.close();
    expect(statSync(file()).size).toBeLessThan(grown / 50);
  });

  test('is written anew while it is in use, when most of it is dead', () => {
    const before = open();
    const receiving = before.receiver(Infinity);
    before.send('kept');
    for (let at = 0; at < 2_000; at++) {
      before.send(`m${at}`);
      receiving.settle(`m${at}`);
      before.keep();
      expect(statSync(file()).size).toBeLessThan(21_000);
    }
    before.journal.close();
    const after = open();
    expect(after.receiver(9).ids()).toEqual(['kept']);
    after.journal.close();
  });

  test('that belongs to something else is left alone', () => {
    writeFileSync(file(), 'this is somebody else’s file');
    expect(() => open()).toThrow(/no journal/);
    expect(readFileSync(file(), 'utf8')).toBe('this is somebody else’s file');
  });

  test('with messages of a queue that is not configured any more is not thrown away', () => {
    const before = open();
    before.send('a');
    before.keep();
    before.journal.close();
    expect(() => open({ name: 'other' })).toThrow(/'q'/);
    const after = open();
    expect(after.counts().active).toBe(1);
    after.journal.close();
  });

  test('reads every change as it was written', () => {
    const bytes = fc.uint8Array({ maxLength: 50 }).map((array) => Buffer.from(array));
    const number = fc.nat();
    const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
      fc.option(arbitrary, { nil: undefined });
    const queue = fc.string({ unit: 'grapheme' });
    const content = fc.record({
      durable: fc.boolean(),
      priority: number,
      annotations: bytes,
      annotationCount: number,
      properties: bytes,
      applicationProperties: bytes,
      body: bytes,
    });
    const message = fc.record({
      sequence: number,
      enqueueSequence: number,
      enqueuedAtMs: number,
      messageId: queue,
      sessionId: maybe(queue),
      deadLetterSource: maybe(queue),
      timeToLiveMs: maybe(number),
      scheduledAtMs: maybe(number),
      expiresAtMs: maybe(number),
      deliveryCount: number,
      place: fc.constantFrom('scheduled' as const, 'ready' as const, 'deferred' as const),
      content,
    });
    const place = fc.constantFrom('ready' as const, 'deferred' as const);
    const change: fc.Arbitrary<Change> = fc.oneof(
      fc.record({ type: fc.constant('enqueued' as const), queue, message }),
      fc.record({ type: fc.constant('removed' as const), queue, sequence: number }),
      fc.record({
        type: fc.constant('returned' as const),
        queue,
        sequence: number,
        deliveryCount: number,
        place,
        applicationProperties: maybe(bytes),
      }),
      fc.record({ type: fc.constant('sessionState' as const), queue, sessionId: queue, state: maybe(bytes) }),
      fc.record({ type: fc.constant('seen' as const), queue, messageId: queue, untilMs: number }),
      fc.record({ type: fc.constant('numbering' as const), queue, next: number }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 10 }), (changes) => {
        const out = createWriter();
        for (const each of changes) writeChange(out, each);
        expect([...readChanges(cursorOver(written(out)))]).toEqual(changes);
      }),
    );
  });

  test('a snapshot amounts to the same as the changes that led to it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('send', 'complete', 'abandon', 'deadLetter', 'step'), { maxLength: 40 }),
        (deeds) => {
          const engine = createEngine({ maxDeliveryCount: 3, duplicateWindowMs: 1_000 });
          const receiving = engine.receiver(Infinity);
          let sent = 0;
          for (const deed of deeds) {
            const held = [...engine.queue.locks.values()][0]?.message.messageId;
            if (deed === 'send') engine.send(`m${sent++}`);
            else if (deed === 'step') engine.advance(20_000);
            else if (held === undefined) continue;
            else if (deed === 'complete') receiving.settle(held);
            else receiving.settle(held, { type: deed, properties: [] } as const);
          }
          const [replayed, snapshot]: Image[] = [new Map(), new Map()];
          for (const change of engine.changes) applyChange(replayed!, change);
          for (const change of engine.namespace.snapshot()) applyChange(snapshot!, change);
          const kept = (image: Image): unknown =>
            [...image]
              .map(([address, { messages, sessionStates }]) => [address, [...messages], [...sessionStates]])
              .filter(([, messages]) => Array.isArray(messages) && messages.length > 0);
          expect(new Set(kept(replayed!) as unknown[])).toEqual(new Set(kept(snapshot!) as unknown[]));
        },
      ),
    );
  });
});

function accepted(result: ReturnType<EngineFixture['send']>): readonly number[] {
  return result.type === 'accepted' ? result.sequences : [];
}
