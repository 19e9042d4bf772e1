// What a filtered list shows is what its filter finds in the whole list, whoever looks for it: the table, or what reads it. On any table.
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { jobNodeColumns } from '../../../shared/job-nodes/job-node-columns.js';
import { preparationAndReleaseFilters } from '../../../shared/job-nodes/job-node-filters.js';
import { jobNodeOperations } from '../../../shared/job-nodes/job-node-operations.js';
import { jobScheduleFilters, scheduledJobFilters } from '../../../shared/job-schedules/job-schedule-filters.js';
import { jobScheduleOperations } from '../../../shared/job-schedules/job-schedule-operations.js';
import {
  jobScheduleListPartition,
  scheduledJobRow,
  toJobScheduleHead,
} from '../../../shared/job-schedules/job-schedule-rows.js';
import { jobFilters } from '../../../shared/jobs/job-filters.js';
import { jobOperations } from '../../../shared/jobs/job-operations.js';
import {
  headRow,
  jobListPartition,
  jobNodeRow,
  jobPartition,
  toJobHead,
  toJobNode,
} from '../../../shared/jobs/job-rows.js';
import type { Job } from '../../../shared/jobs/job.js';
import { nodeColumns } from '../../../shared/nodes/node-columns.js';
import { nodeFilters } from '../../../shared/nodes/node-filters.js';
import { nodeOperations } from '../../../shared/nodes/node-operations.js';
import { poolColumns } from '../../../shared/pools/pool-columns.js';
import { poolFilters } from '../../../shared/pools/pool-filters.js';
import { poolOperations } from '../../../shared/pools/pool-operations.js';
import {
  jobRefRow,
  nodeRow,
  poolListPartition,
  poolPartition,
  toNode,
  toPoolHead,
} from '../../../shared/pools/pool-rows.js';
import type { FilterColumns } from '../../../shared/rest/filter-columns.js';
import { parseFilter, type FilterTable } from '../../../shared/rest/odata-filter.js';
import { matchesFilter } from '../../../shared/rest/odata-match.js';
import type { OperationDefinition } from '../../../shared/rest/operation-definition.js';
import type { Services } from '../../../shared/services.js';
import type { EntityValues, Table } from '../../../shared/tables/table.js';
import { taskColumns } from '../../../shared/tasks/task-columns.js';
import { taskFilters } from '../../../shared/tasks/task-filters.js';
import { taskOperations } from '../../../shared/tasks/task-operations.js';
import { taskRow, toTaskRow } from '../../../shared/tasks/task-rows.js';
import { jobDefinition, jobScheduleDefinition } from '../../helpers/definitions.js';
import { createServices } from '../../helpers/memory-services.js';
import { filtersOf, job, jobNode, node, pool, someJob, somePool, someSchedule, task } from './arbitrary-rows.js';
import { listThrough } from './list-through.js';

type List = readonly [
  operation: string,
  definitions: readonly OperationDefinition[],
  filters: FilterTable,
  params: Readonly<Record<string, string>>,
];
/** Of jobs and pools `J` and `P` every row has its columns, as their heads say; of `Old` every other row, which nobody says. */
const lists: readonly List[] = [
  ['list-pools', poolOperations, poolFilters, {}],
  ['list-nodes', nodeOperations, nodeFilters, { poolId: 'P' }],
  ['list-nodes', nodeOperations, nodeFilters, { poolId: 'Old' }],
  ['list-jobs', jobOperations, jobFilters, {}],
  ['list-tasks', taskOperations, taskFilters, { jobId: 'J' }],
  ['list-tasks', taskOperations, taskFilters, { jobId: 'Old' }],
  ['list-preparation-and-release-status', jobNodeOperations, preparationAndReleaseFilters, { jobId: 'J' }],
  ['list-preparation-and-release-status', jobNodeOperations, preparationAndReleaseFilters, { jobId: 'Old' }],
  ['list-job-schedules', jobScheduleOperations, jobScheduleFilters, {}],
  ['list-jobs-of-job-schedule', jobScheduleOperations, scheduledJobFilters, { jobScheduleId: 'S' }],
];

/** `runs` filters are drawn for each list. */
export function testFilteredLists(tableOf: () => Table, runs: number): void {
  let services: Services;
  beforeAll(async () => {
    services = { ...createServices(), table: tableOf() };
    await populate(services);
  }, 60_000);

  test.each(lists)(
    '%s',
    async (operation, definitions, filters, params) => {
      const { items } = await listThrough(definitions, operation, services, params);
      expect(items.length).toBeGreaterThanOrEqual(20);
      let shown = 0;
      const property = fc.asyncProperty(filtersOf(filters), fc.constantFrom(1000, 7), async ($filter, limit) => {
        const filter = parseFilter($filter, filters);
        const expected = items.filter((item) => matchesFilter(filter, item));
        const found = await listThrough(definitions, operation, services, params, { $filter }, limit);
        expect(found.items).toEqual(expected);
        if (expected.length > 0 && expected.length < items.length) shown += 1;
      });
      await fc.assert(property, { numRuns: runs });
      expect(shown).toBeGreaterThan(runs / 10);
    },
    120_000,
  );
}

/** The same in every run: what fails can be looked at again. */
const drawn = <Item>(items: fc.Arbitrary<Item>, numRuns: number): readonly Item[] =>
  fc.sample(items, { numRuns, seed: 24 });

const idOf = (prefix: string, index: number): string => `${prefix}${String(index).padStart(2, '0')}`;

async function populate(services: Services): Promise<void> {
  const { table } = services;
  const insert = (partition: string, row: string, values: EntityValues) =>
    table.write(partition, [{ type: 'upsert', row, values }]);
  for (const [index, each] of drawn(somePool, 30).entries()) {
    const id = idOf('p', index);
    const values = toPoolHead({ ...each, definition: { ...each.definition, id } });
    await insert(poolListPartition, id, {});
    await insert(poolPartition(id), headRow, index % 3 === 0 ? without(values, poolColumns) : values);
  }
  const { nodesHaveColumns: _, ...oldPool } = pool;
  const { jobPreparationTask, jobReleaseTask } = jobDefinition();
  const definition = { ...job.definition, jobPreparationTask, jobReleaseTask } as Job['definition'];
  for (const id of ['P', 'Old'] as const) {
    const isOld = id === 'Old';
    const own = isOld ? oldPool : pool;
    const trim = (values: EntityValues, columns: FilterColumns, index: number): EntityValues =>
      isOld && index % 2 === 0 ? without(values, columns) : values;
    await insert(poolListPartition, id.toLowerCase(), {});
    await insert(poolPartition(id), headRow, toPoolHead({ ...own, definition: { ...own.definition, id } }));
    for (const [index, each] of drawn(node, 40).entries()) {
      const nodeId = idOf('n', index);
      const values = toNode({ ...each, id: nodeId, poolId: id });
      await insert(poolPartition(id), nodeRow(nodeId), trim(values, nodeColumns, index));
    }
    const jobId = isOld ? 'Old' : 'J';
    const marked = isOld ? job : { ...job, rowsHaveColumns: true as const };
    await insert(jobPartition(jobId), headRow, toJobHead({ ...marked, definition: { ...definition, id: jobId } }));
    for (const [index, each] of drawn(task, 60).entries()) {
      const taskId = idOf('t', index);
      const values = toTaskRow({ ...each, jobId, definition: { ...each.definition, id: taskId } });
      await insert(jobPartition(jobId), taskRow(taskId), trim(values, taskColumns, index));
    }
    for (const [index, each] of drawn(jobNode, 60).entries()) {
      const nodeId = idOf('n', index);
      await insert(
        jobPartition(jobId),
        jobNodeRow(nodeId),
        trim(toJobNode({ ...each, nodeId }), jobNodeColumns, index),
      );
    }
  }
  const jobIds = Array.from({ length: 30 }, (__, index) => [idOf('j', index), `S:job-${index + 1}`]).flat();
  for (const each of drawn(someSchedule('S'), 1)) await insert(jobPartition('S'), headRow, toJobScheduleHead(each));
  const save = async (each: Job): Promise<void> => {
    const { id, poolId } = each.definition;
    // As the controller keeps it: whoever deletes a job names it to its pool before.
    if (each.state !== 'completed') await insert(poolPartition(poolId), jobRefRow(id), {});
    await insert(jobPartition(id), headRow, toJobHead(each));
  };
  const jobs = drawn(someJob, jobIds.length).map((each, index) => ({
    ...each,
    definition: { ...each.definition, id: jobIds[index] ?? '', poolId: idOf('jobs', index % 3) },
  }));
  for (const each of jobs) {
    const number = /^S:job-(\d+)$/.exec(each.definition.id)?.[1];
    if (number !== undefined) await insert(jobPartition('S'), scheduledJobRow(Number(number)), {});
    await insert(jobListPartition, each.definition.id.toLowerCase(), {});
    await save(each);
  }
  // Notes are kept of those that have completed; then some are deleted.
  await listThrough(jobOperations, 'list-jobs', services, {});
  const changed = { state: 'deleting' as const, stateTransitionTime: '2026-01-02T00:00:00.000Z' };
  for (const [index, each] of jobs.entries())
    if (each.state === 'completed' && index % 3 === 0)
      await save({ ...each, ...changed, lastModified: changed.stateTransitionTime });
  for (const [index, each] of drawn(someSchedule('s'), 30).entries()) {
    const id = idOf('s', index);
    await insert(jobScheduleListPartition, id, {});
    await insert(jobPartition(id), headRow, toJobScheduleHead({ ...each, definition: { ...each.definition, id } }));
  }
  await insert(jobScheduleListPartition, jobScheduleDefinition().id.toLowerCase(), {});
}

/** The row as a version without columns wrote it. */
function without(values: EntityValues, columns: FilterColumns): EntityValues {
  const names = new Set(Object.values(columns).map(({ column }) => column));
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.has(name)));
}
