// Bodies that operations accept, which mutations start from. An operation that is not named here is given those of all others, and what its
// own schema in the API description allows.

/** Stands in everything that is nobody's business: a log line that holds it is a fault. */
export const secretMark = 'S3cretMark';

/** Stands for a node that is there. */
export const nodeMark = '@node';

const container = `https://account.blob.core.windows.net/inputs?sig=${secretMark}`;
const commandLine = `/bin/true ${secretMark}`;
const constraints = { maxWallClockTime: 'PT1H', retentionTime: 'P1D', maxTaskRetryCount: 2 };
const environmentSettings = [{ name: 'NAME', value: secretMark }];
const userIdentity = { autoUser: { scope: 'task', elevationLevel: 'nonadmin' } };
const resourceFiles = [
  { httpUrl: `${container}&a=1`, filePath: 'in/a.txt', fileMode: '0644' },
  { storageContainerUrl: container, blobPrefix: 'p/', filePath: 'in' },
];
const outputFiles = [
  {
    filePattern: '*.txt',
    destination: { container: { containerUrl: container, path: 'out' } },
    uploadOptions: { uploadCondition: 'taskcompletion' },
  },
];
const metadata = [{ name: 'owner', value: 'somebody' }];
const startTask = { commandLine, waitForSuccess: true, maxTaskRetryCount: 1, environmentSettings, userIdentity };
const virtualMachineConfiguration = {
  imageReference: { publisher: 'canonical', offer: 'ubuntuserver', sku: '18.04-lts', version: 'latest' },
  nodeAgentSKUId: 'batch.node.ubuntu 18.04',
};
const poolSpecification = {
  vmSize: 'standard_d2_v3',
  virtualMachineConfiguration,
  targetDedicatedNodes: 1,
  taskSlotsPerNode: 2,
  taskSchedulingPolicy: { nodeFillType: 'pack' },
  startTask,
  metadata,
};
const jobBody = {
  displayName: 'a job',
  priority: 10,
  maxParallelTasks: 4,
  allowTaskPreemption: false,
  usesTaskDependencies: true,
  constraints: { maxWallClockTime: 'P1D', maxTaskRetryCount: 1 },
  jobPreparationTask: {
    ...{ id: 'prep', commandLine, constraints, waitForSuccess: true, rerunOnNodeRebootAfterSuccess: false },
    ...{ environmentSettings, resourceFiles, userIdentity },
  },
  jobReleaseTask: { id: 'rel', commandLine, maxWallClockTime: 'PT10M', retentionTime: 'P1D', environmentSettings },
  commonEnvironmentSettings: environmentSettings,
  poolInfo: { poolId: 'Pool-1' },
  onAllTasksComplete: 'noaction',
  onTaskFailure: 'performexitoptionsjobaction',
  metadata,
};
const jobManagerTask = { id: 'manager', commandLine, killJobOnCompletion: true, runExclusive: false, constraints };
const autoPool = {
  autoPoolIdPrefix: 'auto',
  poolLifetimeOption: 'job',
  keepAlive: false,
  pool: poolSpecification,
};
const taskBody = {
  ...{ displayName: 'a task', commandLine, constraints, environmentSettings, resourceFiles, outputFiles, userIdentity },
  affinityInfo: { affinityId: nodeMark },
  requiredSlots: 1,
  exitConditions: {
    exitCodes: [{ code: 1, exitOptions: { jobAction: 'none', dependencyAction: 'satisfy' } }],
    exitCodeRanges: [{ start: 2, end: 5, exitOptions: { jobAction: 'disable' } }],
    default: { dependencyAction: 'block' },
  },
  dependsOn: { taskIds: ['t1', 't2'], taskIdRanges: [{ start: 1, end: 3 }] },
};
const schedule = {
  doNotRunUntil: '2026-02-01T00:00:00Z',
  doNotRunAfter: '2027-02-01T00:00:00Z',
  startWindow: 'PT10M',
  recurrenceInterval: 'PT1H',
};
const jobSpecification = { ...jobBody, jobManagerTask };

export const bodyExamples: Readonly<Record<string, readonly object[]>> = {
  'add-pool': [{ id: 'Fresh-pool', ...poolSpecification }],
  'patch-pool': [{ startTask, metadata }],
  'update-pool-properties': [{ startTask, certificateReferences: [], applicationPackageReferences: [], metadata }],
  'resize-pool': [{ targetDedicatedNodes: 2, resizeTimeout: 'PT10M', nodeDeallocationOption: 'taskcompletion' }],
  'remove-nodes': [{ nodeList: [nodeMark], resizeTimeout: 'PT10M', nodeDeallocationOption: 'terminate' }],
  'reboot-node': [{ nodeRebootOption: 'requeue' }],
  'reimage-node': [{ nodeReimageOption: 'terminate' }],
  'disable-node-scheduling': [{ nodeDisableSchedulingOption: 'taskcompletion' }],
  'add-job': [
    { id: 'Fresh-job', ...jobBody },
    { id: 'Fresh-auto', poolInfo: { autoPoolSpecification: autoPool } },
    { id: 'Fresh-managed', poolInfo: { poolId: 'Pool-1' }, jobManagerTask, onAllTasksComplete: 'terminatejob' },
  ],
  'patch-job': [{ priority: 5, constraints: { maxWallClockTime: 'PT2H' }, metadata, onAllTasksComplete: 'noaction' }],
  'update-job': [{ priority: 5, poolInfo: { poolId: 'Pool-1' }, constraints: { maxTaskRetryCount: 3 }, metadata }],
  'disable-job': [{ disableTasks: 'requeue' }, { disableTasks: 'terminate' }, { disableTasks: 'wait' }],
  'terminate-job': [{ terminateReason: 'because' }],
  'add-task': [
    { id: 'fresh', ...taskBody },
    { id: 'plain', commandLine },
  ],
  'add-task-collection': [
    {
      value: [
        { id: 'one', commandLine },
        { id: 't1', commandLine },
        { id: 'two', ...taskBody },
      ],
    },
  ],
  'update-task': [{ constraints }],
  'add-job-schedule': [{ id: 'Fresh-schedule', schedule, jobSpecification, metadata }],
  'patch-job-schedule': [{ schedule, jobSpecification, metadata }],
  'update-job-schedule': [{ schedule, jobSpecification }],
};
