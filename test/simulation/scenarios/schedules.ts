// Job schedules: jobs one after the other, occurrences that wait and are lost, pauses, ends.
import type { JobSpecification } from '../../../shared/job-schedules/job-schedule.js';
import { jobScheduleDefinition, taskDefinition } from '../../helpers/definitions.js';
import type { View } from '../core/view.js';
import { job, pool } from './definitions.js';
import { isSteady } from './ends.js';
import type { Scenario } from './play.js';

const minute = 60_000;

/** Jobs that their manager ends after so long. */
function managed(managerMs: number): JobSpecification {
  const { id: _, ...specification } = job({ release: 'sim 2500' });
  const task = taskDefinition('manager', { commandLine: `sim ${managerMs}`, runExclusive: true });
  return { ...specification, jobManagerTask: { task, killJobOnCompletion: true, allowLowPriorityNode: true } };
}

const made = (view: View): number => view.jobSchedule('S')?.recentJob?.number ?? 0;
const isGoneWithJobs = (view: View): boolean =>
  view.jobSchedule('S') === undefined && view.jobsOfSchedule('S').length === 0;
const goneWithJobs: Scenario['findings'] = (view) =>
  isGoneWithJobs(view) ? [] : ['the schedule or a job of it is not gone'];

const schedule: Scenario = {
  name: 'schedule',
  about: 'jobs every two minutes, some of them longer than that; a pause; then terminated, and deleted with all jobs',
  isBasic: false,
  async script({ client, view, until, pause }) {
    await client.addPool(pool(2));
    await until('both nodes joined', () => isSteady(view, 2));
    const recurrence = { recurrenceIntervalMs: 2 * minute, startWindowMs: minute };
    await client.addJobSchedule(jobScheduleDefinition({ schedule: recurrence, jobSpecification: managed(5_000) }));
    await until('two jobs', () => made(view) >= 2);
    await client.updateJobSchedule('S', { jobSpecification: managed(2.4 * minute) });
    await until('a job that waited', () => made(view) >= 4);
    await client.updateJobSchedule('S', { jobSpecification: managed(3.5 * minute) });
    await until('a lost occurrence', () => (view.jobSchedule('S')?.lost?.count ?? 0) > 0);
    await client.disableJobSchedule('S');
    await pause(5 * minute);
    await client.enableJobSchedule('S');
    const before = made(view);
    await until('another job', () => made(view) > before);
    await pause(10_000);
    await client.terminateJobSchedule('S');
    await until('the schedule completed', () => view.jobSchedule('S')?.state === 'completed');
    await client.deleteJobSchedule('S');
    await until('all gone', () => isGoneWithJobs(view));
  },
  findings: goneWithJobs,
  leavesOut: ['removed'],
};

const withPool: Scenario = {
  name: 'schedule-with-a-pool',
  about:
    'a schedule whose jobs share a pool is deleted while one of them runs: jobs, releases, pool, schedule go in order',
  isBasic: false,
  async script({ client, view, until, nextProcess }) {
    const { id: _, ...specification } = pool(2);
    const autoPool = { poolLifetimeOption: 'jobschedule', keepAlive: false, pool: specification } as const;
    const runs = nextProcess(({ process }) => process.kind === 'task' && process.jobId === 'S:job-2');
    await client.addJobSchedule(
      jobScheduleDefinition({
        schedule: { recurrenceIntervalMs: minute },
        jobSpecification: { ...managed(4_000), autoPool },
      }),
    );
    const poolId = view.jobSchedule('S')?.sharedPoolId ?? '';
    await runs;
    await client.deleteJobSchedule('S');
    await until('all gone', () => isGoneWithJobs(view) && view.pool(poolId).pool === undefined);
  },
  findings: goneWithJobs,
  leavesOut: ['removed'],
};

const once: Scenario = {
  name: 'schedule-once',
  about: 'one job a minute from now, and the schedule is completed with it',
  isBasic: false,
  async script({ client, view, until, world }) {
    await client.addPool(pool(1));
    const doNotRunUntil = new Date(world.sim.scheduler.nowMs() + minute).toISOString();
    await client.addJobSchedule(
      jobScheduleDefinition({ schedule: { doNotRunUntil }, jobSpecification: managed(3_000) }),
    );
    await until('the schedule completed', () => view.jobSchedule('S')?.state === 'completed');
  },
  findings: (view) =>
    view
      .jobsOfSchedule('S')
      .map(({ state }) => state)
      .join() === 'completed'
      ? []
      : ['its one job is not completed'],
  leavesOut: ['removed'],
};

const overtaken: Scenario = {
  name: 'schedule-overtaken',
  about: 'whoever adds the job of a schedule is slow and dies; meanwhile the schedule is terminated or deleted',
  isBasic: false,
  async script({ client, view, until, world, random, interfere, pause }) {
    await client.addPool(pool(1));
    await until('the node joined', () => isSteady(view, 1));
    const doNotRunUntil = new Date(world.sim.scheduler.nowMs() + minute).toISOString();
    interfere('handler', (about) => about.startsWith('job:s:job-1 insert head'), {
      thereMs: random.int(2_000, 30_000),
      ...(random.chance(0.7) && { kind: 'crashAfter' as const }),
    });
    const specification = jobScheduleDefinition({ schedule: { doNotRunUntil }, jobSpecification: managed(3_000) });
    await client.addJobSchedule(specification);
    await until('its job decided', () => made(view) > 0);
    const isToBeDeleted = random.chance(0.5);
    await (isToBeDeleted ? client.deleteJobSchedule('S') : client.terminateJobSchedule('S'));
    await until('the schedule over', () => (view.jobSchedule('S')?.state ?? 'completed') === 'completed');
    // What was on its way has arrived then, and a sweep has been there.
    await pause(6 * minute);
  },
  findings: (view) =>
    view
      .jobsOfSchedule('S')
      .filter(({ state }) => state !== 'completed')
      .map(({ definition, state }) => `job ${definition.id} is ${state}, and its schedule is over`),
  leavesOut: ['removed'],
};

export const scheduleScenarios: readonly Scenario[] = [schedule, withPool, once, overtaken];
