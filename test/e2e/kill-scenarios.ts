// One scenario: a job runs while something is killed at a named point of it, and comes to its end with every command run once.
import { expect } from 'vitest';
import { eventually } from '../helpers/eventually.js';
import { allGone } from '../helpers/started-program.js';
import type { Fired, KillableStack, Victim } from './killable-stack.js';
import {
  expectRunOnce,
  jobBody,
  jobReached,
  planJob,
  taskBodies,
  tasksCompleted,
  type MarkedJob,
} from './marked-job.js';
import { persistently } from './persistently.js';

/** Who is killed: one of the parts, or all that may be killed at the same instant. */
export const victims = {
  parent: ['parent'],
  host: ['host'],
  broker: ['broker'],
  agent: ['agent'],
  'all together': ['parent', 'host', 'broker', 'agents'],
} as const satisfies Readonly<Record<string, readonly Victim[]>>;
export type VictimName = keyof typeof victims;

const kinds = ['preparation', 'task', 'release'] as const;
export type Kind = (typeof kinds)[number];

/** The points that are promised, and those between them. */
const promisedPoints = [
  'order received',
  'order journaled',
  'process spawned',
  'process exited',
  'reported',
  'pass half saved',
  'orders half sent',
] as const;
const furtherPoints = [
  'order completed',
  'running unsaved',
  'running saved',
  'ended unsaved',
  'ended saved',
  'report due',
  'pass saved',
] as const;
export type Point = (typeof promisedPoints)[number] | (typeof furtherPoints)[number];

export type Scenario = { readonly point: Point; readonly kind: Kind; readonly victim: VictimName };

const scenariosOf = (points: readonly Point[], names: readonly VictimName[]): readonly Scenario[] =>
  points.flatMap((point) => kinds.flatMap((kind) => names.map((victim) => ({ point, kind, victim }))));

/** Everybody at every promised point; at the further ones, who is at work there, whom it talks to, and everybody at once. */
export const matrix: readonly Scenario[] = [
  ...scenariosOf(promisedPoints, ['parent', 'host', 'broker', 'agent', 'all together']),
  ...scenariosOf(furtherPoints, ['agent', 'broker', 'all together']),
];

/** Plays the scenario on a pool of two idle nodes; rejects unless the kill took place and the job came to its end as promised. */
export async function playScenario(stack: KillableStack, poolId: string, scenario: Scenario): Promise<void> {
  const { point, kind, victim } = scenario;
  const jobId = `${victim}-${point}-${kind}`.replaceAll(' ', '-');
  const job = planJob(stack.directory, { jobId, poolId, tasks: 3 });
  await everythingIsUp(stack);
  stack.arm({ name: jobId, point, kind, jobId, victims: victims[victim] });
  await runJob(stack, job);
  const fired = await eventually('the kill', () => stack.fired(jobId));
  await expectKilled(fired, victim);
  await expectRunOnce(stack, job);
  await persistently('delete the job', () => stack.client().job.deleteMethod(jobId), [
    'JobNotFound',
    'JobBeingDeleted',
  ]);
}

/** From adding the job to its completion, through every outage. */
export async function runJob(stack: Pick<KillableStack, 'client'>, job: MarkedJob, script?: string): Promise<void> {
  const { client } = stack;
  const { jobId } = job;
  await persistently('add the job', () => client().job.add(jobBody(job)), ['JobExists']);
  await persistently('add the tasks', () => client().task.addCollection(jobId, taskBodies(job, script)));
  await tasksCompleted(client, job);
  await persistently('terminate the job', () => client().job.terminate(jobId), ['JobBeingTerminated', 'JobCompleted']);
  await jobReached(client, job, 'completed');
}

/** What an earlier scenario killed is back: so the next one finds its victims. */
async function everythingIsUp({ programs }: KillableStack): Promise<void> {
  const counts = { 'local/functions-host/main.js': 1, 'local/service-bus/main.js': 1, 'agent/main.js': nodeCount };
  await eventually('all programs', () =>
    Object.entries(counts).every(([entry, count]) => programs(entry).length === count),
  );
}

async function expectKilled({ pids }: Fired, victim: VictimName): Promise<void> {
  expect(pids).toHaveLength(victim === 'all together' ? 3 + nodeCount : 1);
  await allGone(pids);
}

const nodeCount = 2;
