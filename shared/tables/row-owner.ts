// Rows outside of what they are about say for which incarnation of it they were written, so that whoever removes them does not remove those of the
// next owner of the id. Knows no concept.
import type { Entity, EntityValues } from './table.js';

const column = 'incarnation';

/** The property that says whose row it is. */
export const ownedBy = (incarnation: string): EntityValues => ({ [column]: incarnation });

/** Whether the row was written for this incarnation. Rows of versions that did not say so are taken to be. */
export function isRowOf({ values }: Pick<Entity, 'values'>, incarnation: string): boolean {
  const owner = ownerOf({ values });
  return owner === undefined || owner === incarnation;
}

/** For which incarnation the row was written, if it says so. */
export function ownerOf({ values }: Pick<Entity, 'values'>): string | undefined {
  const owner = values[column];
  return typeof owner === 'string' ? owner : undefined;
}
