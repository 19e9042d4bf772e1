// docs/lists.md against what lists can be filtered by, and which of it is asked of the table.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { certificateFilters } from '../../../shared/account/certificate-operations.js';
import { supportedImageFilters } from '../../../shared/account/supported-image.js';
import { attemptFilters } from '../../../shared/job-nodes/attempt-resource.js';
import { jobNodeColumns } from '../../../shared/job-nodes/job-node-columns.js';
import { preparationAndReleaseFilters } from '../../../shared/job-nodes/job-node-filters.js';
import { jobScheduleFilters, scheduledJobFilters } from '../../../shared/job-schedules/job-schedule-filters.js';
import { jobFilters } from '../../../shared/jobs/job-filters.js';
import { factsUnlessDeleted } from '../../../shared/jobs/job-list-notes.js';
import { nodeColumns } from '../../../shared/nodes/node-columns.js';
import { fileFilters, nodeFilters } from '../../../shared/nodes/node-filters.js';
import { nodeCountFilters } from '../../../shared/pools/node-counts.js';
import { poolColumns } from '../../../shared/pools/pool-columns.js';
import { poolFilters } from '../../../shared/pools/pool-filters.js';
import type { FilterTable } from '../../../shared/rest/odata-filter.js';
import { taskColumns } from '../../../shared/tasks/task-columns.js';
import { taskFilters } from '../../../shared/tasks/task-filters.js';

const text = readFileSync(new URL('../../../docs/lists.md', import.meta.url), 'utf8');
const noted = Object.keys(factsUnlessDeleted({ row: 'j', values: { hasCompleted: true, lastModified: '' } }));

test.each<[list: string, filters: FilterTable, asked: readonly string[]]>([
  ['pools', poolFilters, ['id', ...Object.keys(poolColumns)]],
  ['node counts', nodeCountFilters, ['poolId']],
  ['nodes', nodeFilters, Object.keys(nodeColumns)],
  ['files of a node, of a task', fileFilters, []],
  ['jobs', jobFilters, noted],
  ['jobs of a job schedule', scheduledJobFilters, noted],
  ['job schedules', jobScheduleFilters, ['id']],
  ['preparation and release status', preparationAndReleaseFilters, Object.keys(jobNodeColumns)],
  ['attempts of preparation and release', attemptFilters, ['poolId', 'nodeId']],
  ['tasks', taskFilters, ['id', ...Object.keys(taskColumns)]],
  ['supported images', supportedImageFilters, []],
  ['certificates', certificateFilters, []],
])('what the list of %s can be filtered by is documented', (list, filters, asked) => {
  const letters = { 7: 'S', 6: 'C', 2: 'E', 1: 'e' } as const;
  const expected = Object.entries(filters).map(([name, { operators, path = name }]) => {
    const letter = operators.join() === 'startswith' ? 's' : letters[operators.length as keyof typeof letters];
    return `${asked.includes(path) ? `**\`${name}\`**` : `\`${name}\``} ${letter}`;
  });
  const row = text.split('\n').find((line) => line.startsWith(`| ${list} |`));
  const [, , cell = ''] = row?.split(' | ').flatMap((part) => part.split('|')) ?? [];
  expect(cell.trim().split(', ')).toEqual(expected);
});
