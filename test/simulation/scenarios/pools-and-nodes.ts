// Pools that are resized, nodes that are booted, reimaged, removed and disabled, and start tasks, while jobs run.
import type { PoolDefinition } from '../../../shared/pools/pool.js';
import type { View } from '../core/view.js';
import { completedWith } from './basic.js';
import { job, pool, tasks } from './definitions.js';
import { areDone, exits, isCompleted, isSteady } from './ends.js';
import type { Scenario } from './play.js';

const startTask = (commandLine: string, waitForSuccess = true): Pick<PoolDefinition, 'startTask'> => ({
  startTask: {
    commandLine,
    environmentSettings: [],
    userIdentity: { autoUser: { scope: 'pool', elevationLevel: 'nonadmin' } },
    maxTaskRetryCount: 0,
    waitForSuccess,
  },
});
const isResized = (view: View, nodes: number): boolean =>
  view.pool('P').pool?.allocationState === 'steady' &&
  view.pool('P').nodes.filter(({ isSelfProvided }) => isSelfProvided !== true).length === nodes;
const isReady = (view: View, nodeId: string): boolean =>
  view.pool('P').nodes.some(({ id, state }) => id === nodeId && (state === 'idle' || state === 'running'));

const startTaskScenario: Scenario = {
  name: 'start-task',
  about:
    'every node runs its start task before anything else, again after a boot that a user asks for, and so does one that comes later',
  isBasic: false,
  async script({ client, view, until, nextProcess }) {
    await client.addPool(pool(2, 1, startTask('sim 2000')));
    await client.addJob(job());
    const runs = nextProcess(({ process }) => process.kind === 'task');
    await client.addTasks('J', tasks(5));
    const machine = await runs;
    if (machine !== undefined) await client.actOnNode('reboot', { poolId: 'P', nodeId: machine.nodeId });
    await until('the pool is steady', () => isResized(view, 2));
    await client.resizePool('P', 3, 'requeue');
    await until('all tasks done', () => areDone(view, 5));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(5)),
  leavesOut: ['removed'],
};

const startTaskFails: Scenario = {
  name: 'start-task-fails',
  about: 'the start task fails on one node, which gets no task; the other one runs all of them',
  isBasic: false,
  async script({ client, view, until }) {
    await client.addPool(pool(2, 1, startTask('sim 700 failsOn=vm1')));
    await client.addJob(job());
    await client.addTasks('J', tasks(3));
    await until('all tasks done', () => areDone(view, 3));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: (view) => [
    ...completedWith(exits(3))(view),
    ...(view.pool('P').nodes.some(({ state }) => state === 'starttaskfailed') ? [] : ['no node shows the failure']),
  ],
  leavesOut: ['removed', 'silent'],
};

const shrinkPatiently: Scenario = {
  name: 'shrink-patiently',
  about:
    'two of three nodes leave while they run tasks: these end first, then their releases, and the rest runs on the third',
  isBasic: false,
  async script({ client, view, until, nextProcess }) {
    await client.addPool(pool(3));
    await until('all nodes joined', () => isSteady(view, 3));
    await client.addJob(job());
    const runs = nextProcess(({ process }) => process.kind === 'task');
    await client.addTasks('J', tasks(6));
    await runs;
    await client.resizePool('P', 1, 'taskcompletion');
    await until('the pool has shrunk', () => isResized(view, 1));
    await until('all tasks done', () => areDone(view, 6));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(6)),
  leavesOut: ['removed'],
};

const removeNow: Scenario = {
  name: 'remove-now',
  about:
    'a node is removed while it runs a task, which runs again elsewhere; then the pool is emptied and filled again',
  isBasic: false,
  async script({ client, view, until, nextProcess }) {
    await client.addPool(pool(2));
    await until('both nodes joined', () => isSteady(view, 2));
    await client.addJob(job());
    const runs = nextProcess(({ process }) => process.kind === 'task');
    await client.addTasks('J', tasks(4));
    const machine = await runs;
    if (machine !== undefined) await client.removeNodes('P', [machine.nodeId], 'requeue');
    await until('the node is gone', () => isResized(view, 1));
    await client.resizePool('P', 0, 'requeue');
    await until('the pool is empty', () => isResized(view, 0));
    await client.resizePool('P', 2, 'requeue');
    await until('all tasks done', () => areDone(view, 4));
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(4)),
  leavesOut: ['removed'],
};

const bootNodes: Scenario = {
  name: 'boot-nodes',
  about: 'nodes are rebooted and reimaged on request while they run tasks, also while the job ends',
  isBasic: false,
  async script({ client, view, until, nextProcess }) {
    await client.addPool(pool(2));
    await client.addJob(job({ release: 'sim 6000' }));
    const runs = nextProcess(({ process }) => process.kind === 'task');
    await client.addTasks('J', tasks(6));
    const nodeId = (await runs)?.nodeId ?? '';
    await client.actOnNode('reboot', { poolId: 'P', nodeId }, 'taskcompletion');
    await until('it is back', () => isReady(view, nodeId));
    await client.actOnNode('reimage', { poolId: 'P', nodeId }, 'requeue');
    await until('it is back again', () => isReady(view, nodeId));
    await until('all tasks done', () => areDone(view, 6));
    const releases = nextProcess(
      ({ process }) => process.kind === 'release',
      () => isCompleted(view),
    );
    await client.terminateJob('J');
    const releasing = await releases;
    if (releasing !== undefined) await client.actOnNode('reboot', { poolId: 'P', nodeId: releasing.nodeId });
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(6)),
  leavesOut: ['removed'],
};

const disableNode: Scenario = {
  name: 'disable-node',
  about:
    'scheduling is disabled on a node that runs a task: that goes elsewhere; enabled again, the node has its share',
  isBasic: false,
  async script({ client, view, until, nextProcess }) {
    await client.addPool(pool(2));
    await client.addJob(job());
    const runs = nextProcess(({ process }) => process.kind === 'task');
    await client.addTasks('J', tasks(4));
    const nodeId = (await runs)?.nodeId ?? '';
    await client.actOnNode('disableScheduling', { poolId: 'P', nodeId });
    await until('all tasks done', () => areDone(view, 4));
    await client.actOnNode('enableScheduling', { poolId: 'P', nodeId });
    await client.terminateJob('J');
    await until('the job completed', () => isCompleted(view));
  },
  findings: completedWith(exits(4)),
  leavesOut: ['removed'],
};

const autoPool: Scenario = {
  name: 'auto-pool',
  about:
    'two jobs have a pool of their own each, one is terminated, the other deleted while it runs: the pools go with them',
  isBasic: false,
  async script({ client, view, until, nextProcess }) {
    const { id: _, ...specification } = pool(2);
    const own = { poolLifetimeOption: 'job', keepAlive: false, pool: specification } as const;
    await client.addJob({ ...job({ id: 'A' }), autoPool: own });
    await client.addJob({ ...job({ id: 'B' }), autoPool: own });
    const pools = [view.job('A').job, view.job('B').job].map((each) => each?.definition.poolId ?? '');
    await client.addTasks('A', tasks(4));
    const runs = nextProcess(({ process }) => process.kind === 'task' && process.jobId === 'B');
    await client.addTasks('B', tasks(2));
    await runs;
    await client.deleteJob('B');
    await until('tasks of A done', () => areDone(view, 4, 'A'));
    await client.terminateJob('A');
    await until('A completed', () => isCompleted(view, 'A'));
    await until('B gone', () => view.job('B').job === undefined);
    await until('no pool is left', () => pools.every((id) => view.pool(id).pool === undefined));
  },
  findings: completedWith(exits(4), 'A'),
  leavesOut: ['removed'],
};

export const poolScenarios: readonly Scenario[] = [
  startTaskScenario,
  startTaskFails,
  shrinkPatiently,
  removeNow,
  bootNodes,
  disableNode,
  autoPool,
];
