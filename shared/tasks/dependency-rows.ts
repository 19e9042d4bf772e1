// What task dependencies keep in a job's partition, outside of what a pass reads to decide:
//
//   done:…   a task has satisfied what depends on it, and stays so if it is deleted. By number where its id is one, so that a range is read
//            in its order.
//   waits:…  a task, under what it waits for: who is satisfied finds there whom it lets go on.
//   look:…   something to be looked at by settle-dependencies: a task whose dependencies nobody has looked at, or one that has satisfied
//            others and has not let them go on yet.
import { fromDocument, toDocument } from '../tables/document.js';
import type { Entity, RowRange, Write } from '../tables/table.js';
import { numberOf } from './dependencies.js';
import type { Awaited, DependencyPosition } from './dependency-decisions.js';

/** A task that waits for others. It is void unless the task is still active since then. */
export type WaitingTask = {
  readonly taskId: string;
  readonly order: number;
  readonly activeSince: string;
  /** Absent while nobody has looked at it. */
  readonly position?: DependencyPosition;
};

export type Look =
  { readonly kind: 'waiting'; readonly waiting: WaitingTask } | { readonly kind: 'satisfied'; readonly taskId: string };

export const lookRange: RowRange = { from: 'look:', below: 'look;' };
export const waitingRange: RowRange = { from: 'waits:', below: 'waits;' };

const pad = (number: number, length: number): string => String(number).padStart(length, '0');
const numberKey = (number: number): string => `n:${pad(number, 10)}`;
const orderKey = (order: number): string => pad(order, 12);

/** The row that says that this task has satisfied others. */
export function satisfiedRow(taskId: string): string {
  const number = numberOf(taskId);
  const id = taskId.toLowerCase();
  return number === undefined ? `done:i:${id}` : `done:${numberKey(number)}:${id}`;
}

/** The rows of all tasks whose ids are numbers of this range. */
export function satisfiedRange(from: number, to: number): RowRange {
  return { from: `done:${numberKey(from)}`, below: `done:${numberKey(to)};` };
}

/** The number in such a row's key. */
export const numberOfSatisfied = ({ row }: Entity): number => Number(row.slice('done:n:'.length).split(':')[0]);

/** What a task that has satisfied others writes: that it has, and that they are to be looked at. */
export function toSatisfiedWrites(taskId: string): readonly Write[] {
  const look: Look = { kind: 'satisfied', taskId };
  return [
    { type: 'upsert', row: satisfiedRow(taskId), values: {} },
    { type: 'upsert', row: `look:satisfied:${taskId.toLowerCase()}`, values: toDocument('look', look) },
  ];
}
/** How many rows that takes. */
export const satisfiedRows = 2;

/** What a task writes that nobody has looked at yet. */
export function toUnseenWrite(waiting: WaitingTask): Write {
  const look: Look = { kind: 'waiting', waiting };
  return { type: 'upsert', row: `look:waiting:${orderKey(waiting.order)}`, values: toDocument('look', look) };
}

export const fromLook = (entity: Entity): Look => fromDocument<Look>('look', entity.values);

const waitingKey = (awaited: Awaited): string =>
  'taskId' in awaited ? `i:${awaited.taskId}` : numberKey(awaited.number);

export function toWaitingWrite(awaited: Awaited, waiting: WaitingTask): Write {
  const row = `waits:${waitingKey(awaited)}:${orderKey(waiting.order)}`;
  return { type: 'upsert', row, values: toDocument('waiting', waiting) };
}

export const fromWaiting = (entity: Entity): WaitingTask => fromDocument<WaitingTask>('waiting', entity.values);

/** What the task behind a row of `waitingRange` waits for. */
export function awaitedBy({ row }: Pick<Entity, 'row'>): Awaited {
  const [, kind, key = ''] = row.split(':');
  return kind === 'n' ? { number: Number(key) } : { taskId: key };
}

/** The rows of all tasks that wait for this one: for its id, and for its number if it is one. */
export function waitingFor(taskId: string): readonly RowRange[] {
  const number = numberOf(taskId);
  const keys = [`i:${taskId.toLowerCase()}`, ...(number === undefined ? [] : [numberKey(number)])];
  return keys.map((key) => ({ from: `waits:${key}:`, below: `waits:${key};` }));
}
