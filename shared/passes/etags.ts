// The etags of the rows that a pass has read, and then of those that it has written: saving fails when somebody else was faster.

/** By partition and row. */
export type Etags = Map<string, string>;

export const etagKey = (partition: string, row: string): string => `${partition}\n${row}`;
