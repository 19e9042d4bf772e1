// Planted bugs: if the suite is worth anything, it finds every one. A mutant is a patch of one line of compiled product code, applied while it
// is loaded by a process of its own, or a wrapper around what the code is given. None of it is in the product.
import type { Processes } from '../../../agent/processes.js';
import type { Table, Write } from '../../../shared/tables/table.js';
import type { Wrap } from '../core/world.js';
import type { HostManner } from '../actors/functions-host.js';

/** Replaces text that stands exactly once in a compiled file, named relative to the build's root. */
export type Patch = { readonly file: string; readonly from: string; readonly to: string };

export type Mutant = {
  readonly name: string;
  /** What was planted. */
  readonly about: string;
  readonly patches?: readonly Patch[];
  readonly wrap?: Wrap;
  readonly manner?: HostManner;
  /** Scenarios that are likely to show it, tried first. */
  readonly scenarios: readonly string[];
};

const passes = 'shared/passes';

export const mutants: readonly Mutant[] = [
  {
    name: 'drop-the-etag',
    about: 'rows are replaced whoever wrote them meanwhile',
    wrap: { services: (services) => ({ ...services, table: withoutEtags(services.table) }) },
    scenarios: ['single-tasks', 'deleted-tasks'],
  },
  {
    name: 'drop-the-fence',
    about: 'the head of a job is written without its etag, so that a terminate does not fence an assignment',
    patches: [
      {
        file: `${passes}/save-pass.js`,
        from: "{ type: 'replace', row: headRow, values, etag },",
        to: "{ type: 'upsert', row: headRow, values },",
      },
    ],
    scenarios: ['terminate-while-busy', 'delete-while-active'],
  },
  {
    name: 'name-no-job',
    about: 'a pool is not told of the jobs that want something of it: no sweep finds them',
    patches: [{ file: 'shared/jobs/name-to-pool.js', from: 'if (job.isNamed === true)', to: 'if (true)' }],
    scenarios: ['retries'],
  },
  {
    name: 'acknowledge-before-saving',
    about: 'the messages of a batch are completed before it is handled',
    manner: { settlesBeforeHandling: true },
    scenarios: ['poison', 'sample'],
  },
  {
    name: 'forget-what-is-owed',
    about: 'a job that is no longer active is not looked at again by the sweep',
    patches: [
      {
        file: `${passes}/ending-decisions.js`,
        from: "const over = jobDraft === undefined || seen.job?.state === 'completed';",
        to: "const over = jobDraft === undefined || seen.job?.state !== 'active';",
      },
    ],
    scenarios: ['node-lost-while-releasing', 'terminate-while-preparing'],
  },
  {
    name: 'ignore-the-epoch-of-reports',
    about: 'a late report of an earlier boot is taken for news',
    patches: [
      {
        file: `${passes}/hearing-decisions.js`,
        from: 'if (report.epoch < node.epoch || isOfAnotherImage(report, node))',
        to: 'if (false)',
      },
      {
        file: `${passes}/hearing-decisions.js`,
        from: 'else if (report.epoch > node.epoch || report.sequence >= node.sequence)',
        to: 'else',
      },
    ],
    scenarios: ['reboot', 'reimage', 'reboot-without-rerun'],
  },
  {
    name: 'ignore-the-epoch-of-orders',
    about: 'an agent runs orders of an earlier boot',
    patches: [
      {
        file: 'agent/order-decisions.js',
        from: 'return epoch !== node.epoch || (imageId !== undefined && imageId !== node.imageId);',
        to: 'return false;',
      },
    ],
    scenarios: ['reboot', 'reimage', 'reboot-without-rerun', 'idle-reimage'],
  },
  {
    name: 'release-again-after-a-boot',
    about: 'a reboot takes back a release that had ended',
    patches: [
      {
        file: 'shared/job-nodes/job-node-decisions.js',
        from: 'release: releaseBegan ? none : release };',
        to: 'release: none };',
      },
    ],
    scenarios: ['reboot-after-release'],
  },
  {
    name: 'release-while-active',
    about: 'a release does not wait for the end of its job',
    patches: [
      {
        file: 'shared/jobs/job-decisions.js',
        from: "return job.state === 'terminating' ||",
        to: "return (job.state === 'active' && job.everAssigned && job.openTasks === 0) || job.state === 'terminating' ||",
      },
    ],
    scenarios: ['sample'],
  },
  {
    name: 'skip-the-attempt-check',
    about: 'what is told of an earlier attempt of a preparation counts for the present one',
    patches: [
      {
        file: 'shared/job-nodes/job-node-decisions.js',
        from: "if (preparation.state === 'none' || preparation.state === 'completed' || preparation.runId !== report.runId) {",
        to: "if (preparation.state === 'none' || preparation.state === 'completed') {",
      },
    ],
    scenarios: ['reboot', 'reimage', 'reboot-without-rerun'],
  },
  {
    name: 'task-names-no-preparation',
    about: 'task orders do not say which preparation they need',
    patches: [
      {
        file: `${passes}/order-decisions.js`,
        from: "const requires = definition.jobPreparationTask?.waitForSuccess === true && preparation.state !== 'none';",
        to: 'const requires = false;',
      },
    ],
    scenarios: ['sample'],
  },
  {
    name: 'start-after-a-failed-preparation',
    about: 'an agent starts a task whatever became of the preparation it names',
    patches: [
      {
        file: 'agent/run-decisions.js',
        from: "return isSuccess(preparation, seen.imageEpoch) ? 'start' : 'endUnstarted';",
        to: "return 'start';",
      },
    ],
    scenarios: ['failing-preparation', 'all-preparations-fail'],
  },
  {
    name: 'keep-void-leases',
    about: 'slots taken by a pass that died before it could name their runs are never given back',
    patches: [
      {
        file: `${passes}/node-state-decisions.js`,
        from: 'if (!runs?.some((run) => run.runId === lease.runId))',
        to: 'if (false)',
      },
    ],
    scenarios: ['sample', 'two-jobs'],
  },
  {
    name: 'purge-the-head-first',
    about: 'a deleted job loses its head before its other rows',
    patches: [
      {
        file: `${passes}/purge-job.js`,
        from: 'const head = await removeRows(table, jobPartition(id), guard);',
        to: "await table.write(jobPartition(id), [{ type: 'delete', row: headRow, etag: guard }]); await removeRows(table, jobPartition(id), guard); const head = guard;",
      },
    ],
    scenarios: ['reused-id', 'delete-while-active'],
  },
  {
    name: 'purge-whoever-has-the-id',
    about: 'a pass that is late removes the rows of the next job of that id',
    patches: [
      {
        file: `${passes}/purge-job.js`,
        from: 'isJobHead(head) && fromJobHead(head).incarnation === incarnation ? head.etag : undefined;',
        to: 'isJobHead(head) ? head.etag : undefined;',
      },
    ],
    scenarios: ['late-purge'],
  },
  {
    name: 'list-nobody-new',
    about: 'a job that goes takes along the place in the list of one that is being added under its id',
    patches: [
      {
        file: 'shared/tables/row-owner.js',
        from: 'return owner === undefined || owner === incarnation;',
        to: 'return true;',
      },
    ],
    scenarios: ['late-purge'],
  },
  {
    name: 'poison-spoils-its-batch',
    about: 'a message that cannot be read fails all that came with it',
    patches: [
      { file: `${passes}/react-to-job-events.js`, from: 'await giveUp(services, message, error);', to: 'throw error;' },
    ],
    scenarios: ['poison'],
  },
  {
    name: 'silence-is-golden',
    about: 'a silent node is never given up',
    patches: [
      {
        file: `${passes}/loss-decisions.js`,
        from: 'if (now.getTime() > silenceEnds(draft, node, pool.watchingSince))',
        to: 'if (false)',
      },
    ],
    scenarios: ['node-lost-while-running', 'node-lost-while-releasing'],
  },
  {
    name: 'waive-in-silence',
    about: 'what a lost node owed is dropped without a word',
    patches: [
      {
        file: `${passes}/loss-decisions.js`,
        from: 'const waived = owed ? waiveAndTell(draft, jobDraft, next, reason) : next;',
        to: "const waived = owed ? { ...next, release: { state: 'none' }, taskStarted: false } : next;",
      },
    ],
    scenarios: ['node-lost-while-releasing', 'node-lost-while-running'],
  },
  {
    name: 'time-stands-still',
    about: 'the time limit of a job is never over',
    patches: [
      {
        file: `${passes}/termination-decisions.js`,
        from: 'return deadline !== undefined && Date.parse(deadline) <= now.getTime();',
        to: 'return false;',
      },
    ],
    scenarios: ['job-time-limit'],
  },
  {
    name: 'pause-for-good',
    about: 'a task that is killed to run again later is over',
    patches: [
      {
        file: `${passes}/task-run-decisions.js`,
        from: "return run.whenKilled === 'requeue' && wasKilled && isOpen(job);",
        to: 'return false;',
      },
    ],
    scenarios: ['disable-and-enable'],
  },
  {
    name: 'acknowledge-what-was-not-told',
    about:
      'an agent takes an acknowledgement for all its ended runs, also those that no report has told of, and does not tell of them again when asked: either alone mends the other',
    patches: [
      {
        file: 'agent/order-decisions.js',
        from: '.filter((run) => (seen.endReportedIn.get(run.runId) ?? Infinity) <= acknowledged.sequence)',
        to: '',
      },
      {
        file: 'agent/order-decisions.js',
        from: 'const askedAgain = [...ordered, ...order.kills]',
        to: 'const askedAgain = [].concat()',
      },
    ],
    scenarios: ['terminate-while-busy', 'more-tasks-than-slots', 'single-tasks'],
  },
  {
    name: 'run-what-was-claimed',
    about: 'an agent starts a try without looking whether somebody began it',
    patches: [
      { file: 'agent/live-run.js', from: "if (look.state === 'unclaimed') {", to: "if (look.state !== 'exited') {" },
    ],
    wrap: { agent: (world) => ({ ...world, processes: { ...world.processes, start: startAnew(world.processes) } }) },
    scenarios: ['sample', 'more-tasks-than-slots'],
  },
  {
    name: 'requeue-and-keep',
    about: 'a task that is given to another node stays on its first one, too',
    patches: [
      {
        file: `${passes}/draft.js`,
        from: 'runs: jobNode.runs.filter((other) => other.runId !== run.runId)',
        to: "runs: status.state === 'active' ? jobNode.runs : jobNode.runs.filter((other) => other.runId !== run.runId)",
      },
    ],
    scenarios: ['reboot', 'node-lost-while-running'],
  },
  {
    name: 'prepared-for-ever',
    about: 'a preparation counts on a new image',
    patches: [
      { file: 'agent/run-record.js', from: 'return (run.imageEpoch === imageEpoch &&', to: 'return (' },
      {
        file: 'shared/job-nodes/job-node-decisions.js',
        from: 'if (jobNode.imageEpoch !== node.imageEpoch) {',
        to: 'if (false) {',
      },
    ],
    scenarios: ['reimage'],
  },
  {
    name: 'start-without-files',
    about: 'an agent starts a command without its resource files',
    patches: [{ file: 'agent/start-run.js', from: 'if (files.length > 0) {', to: 'if (false) {' }],
    scenarios: ['files-of-runs'],
  },
  {
    name: 'end-before-uploading',
    about: 'an agent tells the end of a task without uploading its output files',
    patches: [
      {
        file: 'agent/live-run.js',
        from: 'await sendOutputFiles(agent, run, after.state, [ending, agent.stop])',
        to: 'after.state',
      },
    ],
    scenarios: ['files-of-runs'],
  },
  {
    name: 'leave-old-orders-old',
    about: 'a node that asks for a fresh order gets none',
    patches: [{ file: `${passes}/decide-pass.js`, from: 'renewOrders(draft);', to: '' }],
    scenarios: ['expired-orders'],
  },
  {
    name: 'sweep-nothing',
    about: 'the sweep finds every pool quiet',
    patches: [
      {
        file: `${passes}/sweep.js`,
        from: "if (look === 'busy' || (look === 'quiet' && quietPoolsToo))",
        to: 'if (false)',
      },
    ],
    scenarios: ['sample', 'terminate-while-preparing', 'delete-while-active', 'two-jobs'],
  },
  {
    name: 'believe-everybody',
    about: 'the controller takes a report for its node’s own, whoever signed it',
    wrap: {
      services: (services) => ({
        ...services,
        sealing: { ...services.sealing, verify: () => Promise.resolve('signed' as const) },
      }),
    },
    scenarios: ['intruder'],
  },
  {
    name: 'obey-everybody',
    about: 'a node takes an order for its controller’s, whoever sealed it',
    patches: [
      {
        file: 'test/simulation/models/sim-sealing.js',
        from: "return by === kept.orderKey ? { kind: 'opened', content } : { kind: 'forged' };",
        to: "return { kind: 'opened', content };",
      },
    ],
    scenarios: ['intruder'],
  },
  {
    name: 'journal-after-the-start',
    about: 'the disk says that it has written what it has not',
    wrap: {
      agent: (world) => ({
        ...world,
        disk: {
          ...world.disk,
          writeState(files) {
            world.clock.schedule(3_000, () => void world.disk.writeState(files).catch(() => undefined));
            return Promise.resolve();
          },
        },
      }),
    },
    scenarios: ['sample', 'reboot', 'terminate-while-preparing', 'delete-while-active'],
  },
  {
    name: 'satisfy-and-forget',
    about: 'a task that has satisfied others does not have them looked at',
    patches: [
      {
        file: 'shared/passes/task-end-decisions.js',
        from: 'jobDraft.job = { ...jobDraft.job, dependenciesDue: true };',
        to: '',
      },
    ],
    scenarios: ['dependencies'],
  },
  {
    name: 'move-without-the-fence',
    about: 'a task moves to its next dependency although its job has changed meanwhile',
    patches: [
      {
        file: 'shared/tasks/settle-dependencies.js',
        from: "{ type: 'replace', row: headRow, values: toJobHead(more ? job : settled), etag: head.etag },",
        to: "{ type: 'upsert', row: headRow, values: toJobHead(more ? job : settled) },",
      },
    ],
    scenarios: ['dependencies'],
  },
  {
    name: 'next-before-the-end',
    about: 'the job of a schedule counts as ended as soon as it is terminating, while its releases run',
    patches: [
      {
        file: 'shared/job-schedules/job-schedule-decisions.js',
        from: '(job === undefined || isOver(job))',
        to: '(job === undefined || !isOpen(job))',
      },
    ],
    scenarios: ['schedule'],
  },
  {
    name: 'keep-the-end-to-yourself',
    about: 'a pass does not tell a schedule that its job has ended',
    patches: [
      {
        file: 'shared/passes/send-pass.js',
        from: 'schedulesOf(endedJobIds)',
        to: '[]',
      },
    ],
    scenarios: ['schedule'],
  },
  {
    name: 'go-on-without-asking',
    about: 'a job does not ask whether its schedule, which may have come to its end meanwhile, still wants it',
    patches: [
      {
        file: `${passes}/scheduled-job-decisions.js`,
        from: 'if (jobDraft.job.asksSchedule !== true || !isOpen(jobDraft.job))',
        to: 'if (true)',
      },
    ],
    scenarios: ['schedule-overtaken'],
  },
  {
    name: 'add-before-deciding',
    about: 'the job of a schedule is not recognised when it is added again after a crash',
    patches: [
      {
        file: 'shared/job-schedules/look-at-job-schedule.js',
        from: 'toJobDefinition(schedule, recentJob), recentJob.incarnation)',
        to: 'toJobDefinition(schedule, recentJob), services.ids.uuid())',
      },
    ],
    scenarios: ['schedule', 'schedule-with-a-pool'],
  },
];

/** The mutant of that name. Throws when there is none. */
export function mutantNamed(name: string): Mutant {
  const found = mutants.find((mutant) => mutant.name === name);
  if (found === undefined) throw new Error(`There is no mutant '${name}'`);
  return found;
}

function withoutEtags(table: Table): Table {
  const careless = (write: Write): Write =>
    write.type === 'replace' ? { type: 'upsert', row: write.row, values: write.values } : write;
  return { ...table, write: (partition, writes) => table.write(partition, writes.map(careless)) };
}

// Gives each start a claim of its own, whoever has one.
function startAnew({ start, forget }: Processes): Processes['start'] {
  return async (launch) => {
    await forget(launch.tryId.runId);
    return start(launch);
  };
}
