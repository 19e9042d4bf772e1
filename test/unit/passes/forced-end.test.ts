// Jobs whose end does not wait for their nodes, and jobs that are released wherever their preparation ran.
import { describe, expect, test } from 'vitest';
import { hasten } from '../../../shared/jobs/job-decisions.js';
import { preparationDefinition, releaseDefinition } from '../../helpers/definitions.js';
import { exited, killed, reportOf, running, runOf, say, specialOf } from '../../helpers/reports.js';
import {
  addJob,
  createWorld,
  jobNodeOf,
  jobOf,
  nodeOf,
  pass,
  startDeletion,
  taskOf,
  terminate,
  type World,
} from '../../helpers/world.js';

const hear = (world: World, ...runs: Parameters<typeof reportOf>[2] & object) =>
  pass(world, { reports: [reportOf(world, 'n1', runs)] });

function given(preparation: typeof running, task?: typeof running, job: Parameters<typeof addJob>[1] = {}): World {
  const world = createWorld({ targetDedicatedNodes: 1 });
  addJob(world, job);
  const [order] = pass(world).orders;
  if (order === undefined) throw new Error('no order');
  hear(
    world,
    say(order, order.preparation, preparation),
    ...(task === undefined ? [] : [say(order, order.tasks[0], task)]),
  );
  return world;
}

function force(world: World) {
  const kept = jobOf(world);
  kept.job = hasten(kept.job, world.now);
  return pass(world, { jobIds: ['j'] });
}

describe('a job that ends by force', () => {
  test('kills its tasks, waives its releases and is over at once', () => {
    const world = given(exited(0), running);
    terminate(world);
    const { runs } = jobNodeOf(world, 'n1');
    expect(force(world).orders).toMatchObject([{ kills: [{ runId: runs[0]?.runId }] }]);
    expect(jobOf(world).job.state).toBe('completed');
    expect(jobNodeOf(world, 'n1')).toMatchObject({ runs: [], release: { state: 'waived', reason: 'forced' } });
    expect(taskOf(world, 't1')).toMatchObject({
      state: 'completed',
      execution: { result: 'failure', failureInfo: { code: 'TaskEnded' } },
    });
    expect(nodeOf(world, 'n1').leases).toEqual([]);
    expect(world.events.map(({ type }) => type)).toContain('dev.bookend.specialtask.waived');
  });

  test('kills a release that runs, whose later end changes nothing', () => {
    const world = given(exited(0), running);
    terminate(world);
    hear(world, runOf(world, 'n1', 't1', exited(0)));
    const release = specialOf(world, 'n1', 'release', running);
    hear(world, release);
    expect(force(world).orders).toMatchObject([{ kills: [{ runId: release.runId }] }]);
    hear(world, { ...release, ...exited(0) });
    expect(jobNodeOf(world, 'n1').release).toMatchObject({ state: 'waived', reason: 'forced' });
  });

  test('kills a preparation that runs, and its task waits for ever', () => {
    const world = given(running);
    terminate(world);
    expect(force(world).orders[0]?.kills).toHaveLength(2);
    expect(taskOf(world, 't1').state).toBe('active');
    expect(jobNodeOf(world, 'n1').preparation).toMatchObject({ state: 'completed', result: 'failure' });
    expect(jobOf(world).job.state).toBe('completed');
  });

  test('waits for no node that does not answer, and keeps what ended well', () => {
    const world = given(exited(0), running);
    terminate(world);
    hear(world, runOf(world, 'n1', 't1', exited(0)));
    hear(world, specialOf(world, 'n1', 'release', exited(0)));
    startDeletion(world);
    expect(force(world).orders).toMatchObject([{ forget: true, kills: [] }]);
    expect(world.jobs.size).toBe(0);
  });

  test('has a run killed that its node tells of afterwards', () => {
    const world = given(exited(0), running);
    terminate(world);
    const late = runOf(world, 'n1', 't1', running);
    force(world);
    expect(hear(world, late).orders).toMatchObject([{ kills: [{ runId: late.runId }] }]);
  });
});

describe('a job that is released wherever its preparation ran', () => {
  const everywhere = { jobReleaseTask: releaseDefinition({ releaseAfter: 'preparation' }) };

  test('releases a node whose preparation failed', () => {
    const world = given(exited(1), undefined, everywhere);
    terminate(world);
    expect(pass(world, { jobIds: ['j'] }).orders).toMatchObject([{ release: { attempt: 1 } }]);
  });

  test('releases a node whose preparation its end interrupted', () => {
    const world = given(running, undefined, everywhere);
    terminate(world);
    pass(world, { jobIds: ['j'] });
    const preparation = specialOf(world, 'n1', 'preparation', killed);
    const task = runOf(world, 'n1', 't1', { state: 'ended', ending: 'neverStarted', endedAgoMs: 1 });
    expect(hear(world, preparation, task).orders).toMatchObject([{ release: { attempt: 1 } }]);
  });

  test('is not released by the usual rule where its preparation failed', () => {
    const world = given(exited(1), undefined, { jobPreparationTask: preparationDefinition() });
    terminate(world);
    pass(world, { jobIds: ['j'] });
    expect(jobOf(world).job.state).toBe('completed');
    expect(jobNodeOf(world, 'n1').release.state).toBe('none');
  });
});
