// The agent with real processes: what commands get, what becomes of them, in which order they run.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNodeOnMachine, orderWith, runWith, shell, type NodeOnMachine } from '../../helpers/agent-on-machine.js';
import { eventually } from '../../helpers/eventually.js';

let node: NodeOnMachine;
beforeEach(async () => {
  node = await createNodeOnMachine();
});
afterEach(async () => {
  await node.remove();
});

describe('preparation, tasks and release', () => {
  test('a job node goes through its preparation, its tasks and its release in that order', async () => {
    await node.start();
    const mark = (name: string): string => shell(`echo ${name} >> $AZ_BATCH_NODE_SHARED_DIR/order.txt`);
    const preparation = runWith(mark('preparation'), { kind: 'preparation', taskId: 'jobpreparation' });
    const task = runWith(mark('task'), { requiresPreparation: preparation.runId });
    const release = runWith(mark('release'), { kind: 'release', taskId: 'jobrelease' });
    await node.sendOrder(orderWith({ tasks: [task], release }));
    await node.sendOrder(orderWith({ preparation }));

    const ended = await node.ended(release.runId);
    expect(ended).toMatchObject({ ending: 'exited', exitCode: 0, retryCount: 0 });
    expect(await node.read('shared/order.txt')).toBe('preparation\ntask\nrelease\n');
  });

  test('a task whose preparation failed is never started and carries no failure', async () => {
    await node.start();
    const preparation = runWith('/bin/false', { kind: 'preparation', taskId: 'jobpreparation' });
    const task = runWith(shell('echo ran > $AZ_BATCH_NODE_SHARED_DIR/ran.txt'), {
      requiresPreparation: preparation.runId,
    });
    await node.sendOrder(orderWith({ preparation, tasks: [task] }));

    const ended = await node.ended(task.runId);
    expect(ended).toMatchObject({ ending: 'neverStarted' });
    expect(ended.failure).toBeUndefined();
    expect(await node.ended(preparation.runId)).toMatchObject({
      exitCode: 1,
      failure: { category: 'usererror', code: 'FailureExitCode' },
    });
    await expect(node.read('shared/ran.txt')).rejects.toThrow();
  });
});

describe('what a command gets', () => {
  test('the environment holds what Batch promises and nothing of the agent', async () => {
    process.env['BOOKEND_SERVICE_BUS'] = 'a secret of the agent';
    await node.start();
    const environment = { 'Logging:Level': 'debug', AZ_BATCH_POOL_ID: 'other', IFS: 'x' };
    const task = runWith('env', { environment });
    await node.sendOrder(orderWith({ tasks: [task] }));
    await node.ended(task.runId);

    const root = node.identity.rootDirectory;
    const job = `${root}/workitems/job1/job-1`;
    const wd = `${job}/task1/wd`;
    expect((await node.read('workitems/job1/job-1/task1/stdout.txt')).trimEnd().split('\n').sort()).toEqual(
      [
        'AZ_BATCH_ACCOUNT_NAME=account1',
        'AZ_BATCH_ACCOUNT_URL=http://127.0.0.1:7071',
        `AZ_BATCH_CERTIFICATES_DIR=${job}/task1/certs`,
        'AZ_BATCH_JOB_ID=job1',
        `AZ_BATCH_JOB_PREP_DIR=${job}/jobpreparation`,
        `AZ_BATCH_JOB_PREP_WORKING_DIR=${job}/jobpreparation/wd`,
        'AZ_BATCH_NODE_ID=node1',
        'AZ_BATCH_NODE_IS_DEDICATED=true',
        `AZ_BATCH_NODE_MOUNTS_DIR=${root}/fsmounts`,
        `AZ_BATCH_NODE_ROOT_DIR=${root}`,
        `AZ_BATCH_NODE_SHARED_DIR=${root}/shared`,
        `AZ_BATCH_NODE_STARTUP_DIR=${root}/startup`,
        'AZ_BATCH_POOL_ID=pool1',
        `AZ_BATCH_TASK_DIR=${job}/task1`,
        'AZ_BATCH_TASK_ID=task1',
        'AZ_BATCH_TASK_RESERVED_EPHEMERAL_DISK_SPACE_BYTES=1000000',
        'AZ_BATCH_TASK_USER=tester',
        'AZ_BATCH_TASK_USER_IDENTITY=PoolNonAdmin',
        `AZ_BATCH_TASK_WORKING_DIR=${wd}`,
        'BOOKEND_JOB=incarnation1/node1',
        `BOOKEND_RUN_ID=${task.runId}`,
        `HOME=${wd}`,
        'IFS=x',
        'Logging:Level=debug',
        `PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${root}/shared:${wd}`,
        `PWD=${wd}`,
        'USER=tester',
      ].sort(),
    );
  });

  test('it runs in its working directory with files as output and no other open descriptor of the agent', async () => {
    await node.start();
    const task = runWith(shell('pwd; echo to-stderr >&2; readlink /proc/self/fd/0; readlink /proc/$$/fd/1'));
    await node.sendOrder(orderWith({ tasks: [task] }));
    await node.ended(task.runId);

    const folder = `${node.identity.rootDirectory}/workitems/job1/job-1/task1`;
    expect(await node.read('workitems/job1/job-1/task1/stdout.txt')).toBe(
      `${folder}/wd\n/dev/null\n${folder}/stdout.txt\n`,
    );
    expect(await node.read('workitems/job1/job-1/task1/stderr.txt')).toBe('to-stderr\n');
  });
});

describe('how commands end', () => {
  test('a program that is missing is told with the words of the operating system and no exit code', async () => {
    await node.start();
    const missing = runWith('no-such-program --help', { taskId: 'missing' });
    const unreadable = runWith('/bin/sh -c "echo', { taskId: 'unreadable' });
    const plainFile = runWith('/etc/passwd', { taskId: 'plain-file' });
    const tooLong = runWith(`/bin/echo ${'x'.repeat(140_000)}`, { taskId: 'too-long' });
    await node.sendOrder(orderWith({ tasks: [missing, unreadable, plainFile, tooLong] }));

    const told = await node.ended(missing.runId);
    expect(told).toMatchObject({
      ending: 'notStartable',
      failure: { code: 'CommandProgramNotFound', details: [{ name: 'Message', value: 'No such file or directory' }] },
    });
    expect(told.exitCode).toBeUndefined();
    for (const run of [unreadable, plainFile, tooLong])
      expect(await node.ended(run.runId)).toMatchObject({
        ending: 'notStartable',
        failure: { category: 'usererror', code: 'CommandLaunchFailed' },
      });
  });

  test('a death by signal is told as 128 plus its number and leaves no remark of the shell', async () => {
    await node.start();
    const task = runWith(shell('echo before; kill -SEGV $$'));
    await node.sendOrder(orderWith({ tasks: [task] }));

    expect(await node.ended(task.runId)).toMatchObject({ ending: 'exited', exitCode: 139 });
    expect(await node.read('workitems/job1/job-1/task1/stderr.txt')).toBe('');
  });

  test('a command that fails is retried in the same directory, each output kept apart', async () => {
    await node.start();
    const task = runWith(shell('echo x >> tries; wc -l < tries; test $(wc -l < tries) -eq 3'), {
      constraints: { maxTaskRetryCount: 5 },
    });
    await node.sendOrder(orderWith({ tasks: [task] }));

    const ended = await node.ended(task.runId);
    expect(ended).toMatchObject({ ending: 'exited', exitCode: 0, retryCount: 2 });
    expect(ended.lastRetryAgoMs).toBeTypeOf('number');
    const folder = 'workitems/job1/job-1/task1';
    expect(await node.read(`${folder}/stdout.1.0.txt`)).toBe('1\n');
    expect(await node.read(`${folder}/stdout.1.1.txt`)).toBe('2\n');
    expect(await node.read(`${folder}/stdout.txt`)).toBe('3\n');
  });

  test('retries end with their number, and the last code is told', async () => {
    await node.start();
    const task = runWith(shell('echo x >> tries; exit 7'), { constraints: { maxTaskRetryCount: 2 } });
    await node.sendOrder(orderWith({ tasks: [task] }));

    expect(await node.ended(task.runId)).toMatchObject({
      exitCode: 7,
      retryCount: 2,
      failure: { code: 'FailureExitCode' },
    });
    expect(await node.read('workitems/job1/job-1/task1/wd/tries')).toBe('x\nx\nx\n');
  });

  test('a command that outlives its wall clock is ended as the service would, and not tried again', async () => {
    await node.start();
    const task = runWith(shell('echo x >> tries; sleep 1000'), {
      constraints: { maxWallClockMs: 400, maxTaskRetryCount: 3 },
    });
    await node.sendOrder(orderWith({ tasks: [task] }));

    expect(await node.ended(task.runId)).toMatchObject({
      ending: 'wallClock',
      exitCode: 143,
      retryCount: 0,
      failure: { category: 'servererror', code: 'TaskEnded' },
    });
    expect(await node.read('workitems/job1/job-1/task1/wd/tries')).toBe('x\n');
  });

  test('an order that comes twice runs its command once and makes a report due', async () => {
    await node.start();
    const task = runWith(shell('echo x >> tries'));
    await node.sendOrder(orderWith({ tasks: [task] }));
    await node.ended(task.runId);
    const told = node.reports().length;
    await node.sendOrder(orderWith({ tasks: [task] }));
    await eventually('another report', () => node.reports().length > told);
    expect(await node.read('workitems/job1/job-1/task1/wd/tries')).toBe('x\n');
  });
});
