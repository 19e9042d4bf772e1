// A user's program: calls the verbs as HTTP functions do, on an instance of its own per request, and tries again as the real SDKs do when no
// answer or a 5xx came. A later answer that says that it had happened counts as success.
import { BatchError } from '../../../shared/errors.js';
import { addJob } from '../../../shared/jobs/add-job.js';
import { deleteJob } from '../../../shared/jobs/delete-job.js';
import { disableJob, enableJob } from '../../../shared/jobs/disable-job.js';
import type { JobChanges } from '../../../shared/jobs/job-update-body.js';
import type { DisableTasks, JobDefinition } from '../../../shared/jobs/job.js';
import { terminateJob } from '../../../shared/jobs/terminate-job.js';
import { updateJob } from '../../../shared/jobs/update-job.js';
import {
  disableScheduling,
  enableScheduling,
  rebootNode,
  reimageNode,
  type NodeTarget,
} from '../../../shared/nodes/act-on-node.js';
import type { DeallocationOption } from '../../../shared/nodes/node.js';
import { addJobSchedule } from '../../../shared/job-schedules/add-job-schedule.js';
import { disableJobSchedule, enableJobSchedule } from '../../../shared/job-schedules/disable-job-schedule.js';
import { deleteJobSchedule, terminateJobSchedule } from '../../../shared/job-schedules/end-job-schedule.js';
import type { JobScheduleChanges } from '../../../shared/job-schedules/job-schedule-body.js';
import type { JobScheduleDefinition } from '../../../shared/job-schedules/job-schedule.js';
import { updateJobSchedule } from '../../../shared/job-schedules/update-job-schedule.js';
import { addPool } from '../../../shared/pools/add-pool.js';
import { removeNodes, resizePool } from '../../../shared/pools/resize-pool.js';
import { deletePool } from '../../../shared/pools/delete-pool.js';
import type { PoolDefinition } from '../../../shared/pools/pool.js';
import { unconditional } from '../../../shared/rest/conditions.js';
import type { BatchErrorCode } from '../../../shared/rest/error-catalogue.js';
import type { Services } from '../../../shared/services.js';
import { addTasks } from '../../../shared/tasks/add-tasks.js';
import { deleteTask } from '../../../shared/tasks/delete-task.js';
import { reactivateTask } from '../../../shared/tasks/reactivate-task.js';
import { terminateTask } from '../../../shared/tasks/terminate-task.js';
import type { TaskDefinition } from '../../../shared/tasks/task.js';
import type { Operation } from '../core/facts.js';
import { withinTime } from '../../../shared/rest/within-time.js';
import { clockOn } from '../core/scheduler.js';
import { createLife } from '../core/life.js';
import type { World } from '../core/world.js';
import { pauseOf } from './functions-host.js';

export type Answer = 'accepted' | { readonly refused: BatchErrorCode } | 'unknown';

export type NodeAct = 'reboot' | 'reimage' | 'disableScheduling' | 'enableScheduling';

export type Client = {
  addPool(definition: PoolDefinition): Promise<Answer>;
  deletePool(poolId: string): Promise<Answer>;
  /** Waits until the pool is steady, as the service asks for. */
  resizePool(poolId: string, targetDedicatedNodes: number, option: DeallocationOption): Promise<Answer>;
  removeNodes(poolId: string, nodeIds: readonly string[], option: DeallocationOption): Promise<Answer>;
  actOnNode(act: NodeAct, target: NodeTarget, option?: 'requeue' | 'terminate' | 'taskcompletion'): Promise<Answer>;
  addJob(definition: JobDefinition): Promise<Answer>;
  addTasks(jobId: string, definitions: readonly TaskDefinition[]): Promise<Answer>;
  deleteTask(jobId: string, taskId: string): Promise<Answer>;
  terminateTask(jobId: string, taskId: string): Promise<Answer>;
  reactivateTask(jobId: string, taskId: string): Promise<Answer>;
  disableJob(jobId: string, disableTasks: DisableTasks): Promise<Answer>;
  enableJob(jobId: string): Promise<Answer>;
  updateJob(jobId: string, changes: JobChanges): Promise<Answer>;
  terminateJob(jobId: string, how?: { readonly force: boolean }): Promise<Answer>;
  deleteJob(jobId: string): Promise<Answer>;
  addJobSchedule(definition: JobScheduleDefinition): Promise<Answer>;
  updateJobSchedule(scheduleId: string, changes: JobScheduleChanges): Promise<Answer>;
  disableJobSchedule(scheduleId: string): Promise<Answer>;
  enableJobSchedule(scheduleId: string): Promise<Answer>;
  terminateJobSchedule(scheduleId: string): Promise<Answer>;
  deleteJobSchedule(scheduleId: string): Promise<Answer>;
};

// A client gives a request up after half a minute without an answer, and the whole after this many tries.
const answerWithinMs = 30_000;

const resizeTimeoutMs = 3600_000;
const acts = {
  reboot: rebootNode,
  reimage: reimageNode,
  disableScheduling,
  enableScheduling: (services: Services, target: NodeTarget) => enableScheduling(services, target),
};

export function createClient(world: World, { tries }: { readonly tries: number }): Client {
  const { sim } = world;
  let requests = 0;
  const once = (name: string, work: (services: Services) => Promise<unknown>): Promise<Answer> => {
    const life = createLife(`http-${name}.${(requests += 1)}`, 'controller');
    sim.bill('E');
    return new Promise((resolve) => {
      const timer = sim.scheduler.after(answerWithinMs, () => resolve('unknown'));
      const answer = (value: Answer): void => {
        timer.cancel();
        resolve(value);
      };
      life.onDeath(() => answer('unknown'));
      work(withinTime(world.servicesOf(life), clockOn(sim.scheduler).monotonicMs() + answerWithinMs)).then(
        () => answer('accepted'),
        (error: unknown) => {
          if (error instanceof BatchError) return answer({ refused: error.code });
          sim.tell(life.name, `answered 500: ${error instanceof Error ? error.message : String(error)}`);
          answer('unknown');
        },
      );
    });
  };
  const request = async (
    operation: Operation,
    work: (services: Services) => Promise<unknown>,
    happenedBefore: readonly BatchErrorCode[],
  ): Promise<Answer> => {
    let last: Answer = 'unknown';
    for (let attempt = 1; attempt <= tries; attempt += 1) {
      const answer = await once(operation.kind, work);
      const mayHaveHappened = attempt > 1 && typeof answer === 'object' && happenedBefore.includes(answer.refused);
      last = mayHaveHappened ? 'accepted' : answer;
      if (last !== 'unknown') break;
      await pauseOf(world, Math.min(30_000, 500 * 2 ** attempt));
    }
    if (last === 'accepted') sim.note('client', { type: 'accepted', operation });
    else sim.tell('client', `${JSON.stringify(operation)} → ${JSON.stringify(last)}`);
    return last;
  };
  const conditions = unconditional;
  return {
    addPool: (definition) =>
      request({ kind: 'addPool', poolId: definition.id }, (services) => addPool(services, definition), ['PoolExists']),
    deletePool: (poolId) =>
      request({ kind: 'deletePool', poolId }, (services) => deletePool(services, poolId, { conditions }), [
        'PoolBeingDeleted',
        'PoolNotFound',
      ]),
    resizePool: (poolId, targetDedicatedNodes, option) =>
      request(
        { kind: 'resizePool', poolId },
        (services) =>
          resizePool(services, poolId, {
            request: { targetDedicatedNodes, resizeTimeoutMs: resizeTimeoutMs, option },
            conditions,
          }),
        ['PoolBeingResized'],
      ),
    removeNodes: (poolId, nodeIds, option) =>
      request(
        { kind: 'removeNodes', poolId },
        (services) => removeNodes(services, poolId, { request: { nodeIds, resizeTimeoutMs, option }, conditions }),
        ['PoolBeingResized', 'NodeNotFound'],
      ),
    actOnNode: (act, target, option = 'requeue') =>
      request({ kind: 'actOnNode', poolId: target.poolId }, (services) => acts[act](services, target, option), [
        'NodeBeingRebooted',
        'NodeBeingReimaged',
        'NodeBeingStarted',
        'NodeAlreadyInTargetSchedulingState',
      ]),
    addJob: (definition) =>
      request({ kind: 'addJob', jobId: definition.id }, (services) => addJob(services, definition), ['JobExists']),
    addTasks: (jobId, definitions) =>
      request(
        { kind: 'addTasks', jobId, taskIds: definitions.map(({ id }) => id) },
        async (services) => {
          const outcomes = await addTasks(services, jobId, definitions);
          // A task that exists is ours from an earlier try.
          const failed = outcomes.find(({ error }) => error !== undefined && error.code !== 'TaskExists');
          if (failed?.error !== undefined) throw failed.error;
        },
        [],
      ),
    deleteTask: (jobId, taskId) =>
      request(
        { kind: 'deleteTask', jobId, taskId },
        (services) => deleteTask(services, jobId, taskId, { conditions }),
        ['TaskNotFound'],
      ),
    terminateTask: (jobId, taskId) =>
      request(
        { kind: 'terminateTask', jobId, taskId },
        (services) => terminateTask(services, jobId, taskId, { conditions }),
        ['TaskCompleted'],
      ),
    reactivateTask: (jobId, taskId) =>
      request(
        { kind: 'reactivateTask', jobId, taskId },
        (services) => reactivateTask(services, jobId, taskId, { conditions }),
        ['TaskNotCompleted'],
      ),
    disableJob: (jobId, disableTasks) =>
      request(
        { kind: 'disableJob', jobId },
        (services) => disableJob(services, jobId, { disableTasks, conditions }),
        [],
      ),
    enableJob: (jobId) =>
      request({ kind: 'enableJob', jobId }, (services) => enableJob(services, jobId, { conditions }), [
        'OperationInvalidForCurrentState',
      ]),
    updateJob: (jobId, changes) =>
      request({ kind: 'updateJob', jobId }, (services) => updateJob(services, jobId, { changes, conditions }), [
        'JobBeingTerminated',
        'JobCompleted',
      ]),
    terminateJob: (jobId, how = { force: false }) =>
      request({ kind: 'terminateJob', jobId }, (services) => terminateJob(services, jobId, { ...how, conditions }), [
        'JobBeingTerminated',
        'JobCompleted',
      ]),
    deleteJob: (jobId) =>
      request({ kind: 'deleteJob', jobId }, (services) => deleteJob(services, jobId, { conditions }), [
        'JobBeingDeleted',
        'JobNotFound',
      ]),
    addJobSchedule: (definition) =>
      request(
        { kind: 'addJobSchedule', scheduleId: definition.id },
        (services) => addJobSchedule(services, definition),
        ['JobScheduleExists'],
      ),
    updateJobSchedule: (scheduleId, changes) =>
      request(
        { kind: 'updateJobSchedule', scheduleId },
        (services) => updateJobSchedule(services, scheduleId, { changes, conditions }),
        [],
      ),
    disableJobSchedule: (scheduleId) =>
      request(
        { kind: 'disableJobSchedule', scheduleId },
        (services) => disableJobSchedule(services, scheduleId, { conditions }),
        [],
      ),
    enableJobSchedule: (scheduleId) =>
      request(
        { kind: 'enableJobSchedule', scheduleId },
        (services) => enableJobSchedule(services, scheduleId, { conditions }),
        [],
      ),
    terminateJobSchedule: (scheduleId) =>
      request(
        { kind: 'terminateJobSchedule', scheduleId },
        (services) => terminateJobSchedule(services, scheduleId, { conditions }),
        ['JobScheduleBeingTerminated', 'JobScheduleCompleted'],
      ),
    deleteJobSchedule: (scheduleId) =>
      request(
        { kind: 'deleteJobSchedule', scheduleId },
        (services) => deleteJobSchedule(services, scheduleId, { conditions }),
        ['JobScheduleBeingDeleted', 'JobScheduleNotFound'],
      ),
  };
}
