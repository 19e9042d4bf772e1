// What the tests of pools and nodes say of their world: pools that are ready, tasks that wait for a mark, files on nodes.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchServiceModels } from '@azure/batch';
import type { SharedStack } from '../e2e/shared-stack.js';
import { eventually } from '../helpers/eventually.js';

export type PoolsWorld = {
  /** Adds the pool and waits until its nodes are what they become. Answers their ids. */
  addPool(id: string, nodes: number, more?: Partial<BatchServiceModels.PoolAddParameter>): Promise<readonly string[]>;
  nodesOf(poolId: string): Promise<readonly BatchServiceModels.ComputeNode[]>;
  nodeReached(poolId: string, nodeId: string, state: string): Promise<BatchServiceModels.ComputeNode>;
  steady(poolId: string, nodes: number): Promise<BatchServiceModels.CloudPool>;
  taskReached(jobId: string, taskId: string, state: string): Promise<BatchServiceModels.CloudTask>;
  /** Adds a job with preparation and release, and one task `t`. */
  addJob(id: string, poolId: string, more?: JobCommands): Promise<void>;
  /** A command that says that it runs and waits for a mark. */
  waitFor(mark: string): string;
  set(mark: string): void;
  isSet(mark: string): boolean;
  read(mark: string): string;
  path(mark: string): string;
};

type JobCommands = {
  readonly preparation?: string;
  readonly release?: string;
  readonly task?: string;
  readonly constraints?: BatchServiceModels.TaskConstraints;
};

const withinMs = 60_000;

export function createPoolsWorld(stack: SharedStack): PoolsWorld {
  const client = stack.client();
  const path = (mark: string): string => join(stack.directory, mark);
  const nodesOf: PoolsWorld['nodesOf'] = (poolId) => client.computeNode.list(poolId);
  const steady: PoolsWorld['steady'] = (poolId, nodes) =>
    eventually(
      `pool ${poolId} steady with ${nodes} nodes`,
      async () => {
        const pool = await client.pool.get(poolId);
        return pool.allocationState === 'steady' && pool.currentDedicatedNodes === nodes && pool;
      },
      withinMs,
      100,
    );
  const settled = ['idle', 'running', 'starttaskfailed'];
  return {
    nodesOf,
    steady,
    async addPool(id, nodes, more = {}) {
      await client.pool.add({ id, vmSize: 'small', targetDedicatedNodes: nodes, ...more });
      await steady(id, nodes);
      const found = await eventually(
        `the nodes of ${id}`,
        async () => {
          const list = await nodesOf(id);
          return list.every(({ state }) => settled.includes(state ?? '')) && list;
        },
        withinMs,
        100,
      );
      return found.map((node) => node.id ?? '');
    },
    nodeReached: (poolId, nodeId, state) =>
      eventually(
        `node ${nodeId} ${state}`,
        async () => {
          const node = await client.computeNode.get(poolId, nodeId);
          return node.state === state && node;
        },
        withinMs,
        100,
      ),
    taskReached: (jobId, taskId, state) =>
      eventually(
        `task ${taskId} of ${jobId} ${state}`,
        async () => {
          const task = await client.task.get(jobId, taskId);
          return task.state === state && task;
        },
        withinMs,
        100,
      ),
    async addJob(id, poolId, { preparation = 'true', release = 'true', task = 'true', constraints } = {}) {
      await client.job.add({
        id,
        poolInfo: { poolId },
        jobPreparationTask: { commandLine: preparation },
        jobReleaseTask: { commandLine: release },
      });
      await client.task.add(id, { id: 't', commandLine: task, ...(constraints && { constraints }) });
    },
    waitFor: (mark) =>
      `/bin/sh -c 'echo $AZ_BATCH_NODE_ID >> ${path(mark)}.runs; while [ ! -e ${path(mark)} ]; do sleep 0.05; done'`,
    set: (mark) => writeFileSync(path(mark), ''),
    isSet: (mark) => existsSync(path(mark)),
    read: (mark) => (existsSync(path(mark)) ? readFileSync(path(mark), 'utf8') : ''),
    path,
  };
}
