// What the local provisioner makes of capacity snapshots, in whatever order they come.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decideCapacity,
  decideMachine,
  folderName,
  type PoolRecord,
} from '../../../local/node-pool/capacity-decisions.js';
import type { Capacity } from '../../../shared/nodes/node-messages.js';

const early = '2026-01-01T00:00:00.000Z';
const late = '2026-01-01T00:01:00.000Z';

function snapshot(incarnation: string, ...nodeIds: string[]): Capacity {
  return { poolId: 'p', incarnation, nodeIds, taskSlotsPerNode: 1 };
}

function after(...snapshots: readonly (readonly [Capacity, string | undefined])[]): PoolRecord | undefined {
  return snapshots.reduce<PoolRecord | undefined>((known, [wanted, asOf]) => {
    const decision = decideCapacity(known, wanted, asOf);
    return decision.kind === 'apply' ? decision.record : known;
  }, undefined);
}

describe('capacity snapshots', () => {
  it('the first snapshot of a pool is taken as it is', () => {
    expect(after([snapshot('a', 'n1', 'n2'), early])).toEqual({
      poolId: 'p',
      incarnation: 'a',
      nodeIds: ['n1', 'n2'],
      asOf: early,
      ended: [],
    });
  });

  it('the same snapshot twice changes nothing', () => {
    expect(after([snapshot('a', 'n1'), early], [snapshot('a', 'n1'), early])).toEqual(
      after([snapshot('a', 'n1'), early]),
    );
  });

  it('an older snapshot of the same pool does not bring nodes back', () => {
    expect(after([snapshot('a', 'n1'), late], [snapshot('a', 'n1', 'n2'), early])?.nodeIds).toEqual(['n1']);
  });

  it('a pool that has ended does not come back, whatever the instant of the snapshot', () => {
    expect(after([snapshot('a', 'n1'), early], [snapshot('a'), early], [snapshot('a', 'n1'), late])?.nodeIds).toEqual(
      [],
    );
  });

  it('a pool of the same id that comes later replaces the one before', () => {
    const record = after([snapshot('a', 'n1'), early], [snapshot('b', 'n9'), late]);
    expect(record).toMatchObject({ incarnation: 'b', nodeIds: ['n9'], ended: ['a'] });
  });

  it('the end of an earlier pool of the same id does not touch the present one', () => {
    const record = after([snapshot('b', 'n9'), late], [snapshot('a'), late]);
    expect(record).toMatchObject({ incarnation: 'b', nodeIds: ['n9'], ended: ['a'] });
  });

  it('a pool that ended before any node of it was seen is remembered as ended', () => {
    expect(after([snapshot('a'), late], [snapshot('a', 'n1'), late])?.nodeIds).toEqual([]);
  });

  it('snapshots of one pool with different instants end in the newest one, in any order and with repeats', () => {
    const snapshots = [1, 2, 3].map(
      (n) => [snapshot('a', ...['n1', 'n2', 'n3'].slice(0, n)), `2026-01-01T00:00:0${n}.000Z`] as const,
    );
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...snapshots), { maxLength: 8 }), (delivered) => {
        const record = after(...delivered, ...snapshots);
        expect(record?.nodeIds).toEqual(['n1', 'n2', 'n3']);
      }),
    );
  });

  it('the end of a pool wins over its other snapshots of the same instant, in any order', () => {
    const snapshots = [
      [snapshot('a', 'n1'), early],
      [snapshot('a'), early],
    ] as const;
    fc.assert(
      fc.property(fc.shuffledSubarray([...snapshots], { minLength: 2 }), (delivered) => {
        expect(after(...delivered)?.nodeIds).toEqual([]);
      }),
    );
  });
});

describe('one machine', () => {
  it.each([
    { present: undefined, wanted: undefined, then: 'nothing' },
    { present: undefined, wanted: 'a', then: 'start' },
    { present: 'a', wanted: 'a', then: 'nothing' },
    { present: 'a', wanted: undefined, then: 'remove' },
    { present: 'a', wanted: 'b', then: 'replace' },
  ])('made for $present and wanted for $wanted: $then', ({ present, wanted, then }) => {
    const power = { boots: 0, images: 0 };
    const factsOf = (incarnation: string | undefined) =>
      incarnation === undefined ? undefined : { incarnation, power };
    expect(decideMachine(factsOf(present), factsOf(wanted))).toBe(then);
  });

  it.each([
    { had: [0, 0], wanted: [1, 0], then: 'reboot' },
    { had: [1, 0], wanted: [1, 1], then: 'reimage' },
    { had: [0, 0], wanted: [1, 1], then: 'reimage' },
    { had: [1, 1], wanted: [1, 1], then: 'nothing' },
    { had: [2, 0], wanted: [1, 0], then: 'nothing' },
  ] as const)('that had $had boots and images and is to have $wanted: $then', ({ had, wanted, then }) => {
    const facts = ([boots, images]: readonly [number, number]) => ({ incarnation: 'a', power: { boots, images } });
    expect(decideMachine(facts(had), facts(wanted))).toBe(then);
  });

  it('of a pool that is emptied goes, and the pool can have nodes again', () => {
    const of = (...nodeIds: string[]) => [{ ...snapshot('a', ...nodeIds), isEnding: false }, early] as const;
    expect(after(of('n1'), of())).toMatchObject({ nodeIds: [], ended: [] });
    expect(after(of('n1'), of(), of('n2'))?.nodeIds).toEqual(['n2']);
  });
});

describe('folder names', () => {
  it.each(['..', '.', '', '/etc', 'a/../b', 'a\0b', '~', '~2e~'])('%j stays one folder below its parent', (id) => {
    expect(folderName(id)).toMatch(/^[A-Za-z0-9_~-]+$/);
  });

  it('ids as Batch has them stay readable', () => {
    expect(folderName('My_pool-1')).toBe('My_pool-1');
  });

  it('different ids have different folders', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (a, b) => {
        expect(folderName(a) === folderName(b)).toBe(a === b);
      }),
    );
  });
});
