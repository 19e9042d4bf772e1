// A node that leaves releases what ran there, also where the host that lets it go did not see that: what a node owes is read, not remembered.
import { expect, test } from 'vitest';
import { addJob } from '../../../shared/jobs/add-job.js';
import { createJobMemory, type JobMemory } from '../../../shared/passes/job-memory.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { removeNodes } from '../../../shared/pools/resize-pool.js';
import type { Services } from '../../../shared/services.js';
import { addTasks } from '../../../shared/tasks/add-tasks.js';
import { jobDefinition, poolDefinition, taskDefinition } from '../../helpers/definitions.js';
import { createServices } from '../../helpers/memory-services.js';
import { beginLife, countBeginnings, describe as describeState, goOn, goOnUntil, letGo } from './life.js';

test('a node that ran a task under another host is released before it goes, although this host remembers the job without it', async () => {
  const memory = createServices();
  const fresh = (): JobMemory => createJobMemory({ monotonicMs: () => 0 });
  const hosts = { A: fresh(), B: fresh() };
  let host: keyof typeof hosts = 'A';
  const jobMemory: JobMemory = {
    recall: (...given) => hosts[host].recall(...given),
    keep: (...given) => hosts[host].keep(...given),
    forget: (key) => hosts[host].forget(key),
    distrust: (key) => hosts[host].distrust(key),
  };
  const services: Services = { ...memory, jobMemory };
  const life = beginLife(services, memory);
  await addPool(services, poolDefinition());
  await goOnUntil(life, 'nodes', async () => (await describeState(life.truth)).includes('idle,idle'));
  await addJob(services, jobDefinition());
  life.held.add('t1');
  await addTasks(services, 'J', [taskDefinition('t1')]);
  await goOn(life);

  host = 'B';
  await addTasks(services, 'J', [taskDefinition('t2')]);
  await goOn(life);
  const second = [...life.nodes.values()].find(({ facts }) => facts.some(({ run }) => run.taskId === 't2'))?.id ?? '';

  host = 'A';
  const request = { nodeIds: [second], option: 'taskcompletion', resizeTimeoutMs: 900_000 } as const;
  await removeNodes(services, 'P', { request, conditions: {} });
  // The report of its end comes in the same batch.
  letGo(life, 't1');
  await goOn(life);
  await goOn(life);
  expect(countBeginnings(life)[`release on ${second}`]).toBe(1);
});
