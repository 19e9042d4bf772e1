// The columns of rows against what the lists show: whatever passes a filter must meet the condition that the table is asked.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toPreparationAndReleaseStatus } from '../../../shared/job-nodes/job-node-resource.js';
import { jobNodeColumns } from '../../../shared/job-nodes/job-node-columns.js';
import { preparationAndReleaseFilters } from '../../../shared/job-nodes/job-node-filters.js';
import { toJobNode } from '../../../shared/jobs/job-rows.js';
import { nodeColumns } from '../../../shared/nodes/node-columns.js';
import { nodeFilters } from '../../../shared/nodes/node-filters.js';
import { toNodeResource } from '../../../shared/nodes/node-resource.js';
import { poolColumns } from '../../../shared/pools/pool-columns.js';
import { poolFilters } from '../../../shared/pools/pool-filters.js';
import { toPoolResource } from '../../../shared/pools/pool-resource.js';
import { toNode, toPoolHead } from '../../../shared/pools/pool-rows.js';
import { toCondition, type FilterColumns } from '../../../shared/rest/filter-columns.js';
import { parseFilter, type FilterTable } from '../../../shared/rest/odata-filter.js';
import { matchesFilter } from '../../../shared/rest/odata-match.js';
import { isMet } from '../../../shared/tables/condition.js';
import type { EntityValues } from '../../../shared/tables/table.js';
import { taskColumns } from '../../../shared/tasks/task-columns.js';
import { taskFilters } from '../../../shared/tasks/task-filters.js';
import { toTaskResource } from '../../../shared/tasks/task-resource.js';
import { toTaskRow } from '../../../shared/tasks/task-rows.js';

import { filtersOf, job, jobNode, node, pool, somePool, task } from './arbitrary-rows.js';

describe('a row that passes a filter meets the condition that its table is asked:', () => {
  type Case<Item> = {
    readonly items: fc.Arbitrary<Item>;
    readonly filters: FilterTable;
    readonly columns: FilterColumns;
    toRow(item: Item): EntityValues;
    toResource(item: Item): object | undefined;
  };
  const check = <Item>({ items, filters, columns, toRow, toResource }: Case<Item>): void => {
    let passed = 0;
    fc.assert(
      fc.property(items, filtersOf(filters), (item, expression) => {
        const filter = parseFilter(expression, filters);
        const resource = toResource(item);
        const where = toCondition(filter, columns);
        if (resource === undefined || where === undefined || !matchesFilter(filter, resource)) return;
        passed += 1;
        expect(isMet(where, toRow(item))).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(passed).toBeGreaterThan(100);
  };

  test('a task', () =>
    check({
      items: task,
      filters: taskFilters,
      columns: taskColumns,
      toRow: toTaskRow,
      toResource: (each) => toTaskResource(each, { baseUrl: '' }),
    }));

  test('a node', () =>
    check({
      items: node,
      filters: nodeFilters,
      columns: nodeColumns,
      toRow: toNode,
      toResource: (each) => toNodeResource(each, pool, ''),
    }));

  test('a pool', () =>
    check({
      items: somePool,
      filters: poolFilters,
      columns: poolColumns,
      toRow: toPoolHead,
      toResource: (each) => toPoolResource(each, 0, ''),
    }));

  test('a node of a job', () =>
    check({
      items: jobNode,
      filters: preparationAndReleaseFilters,
      columns: jobNodeColumns,
      toRow: toJobNode,
      toResource: (each) => toPreparationAndReleaseStatus(each, job, ''),
    }));
});
