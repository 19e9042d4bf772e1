// Every command of the unmodified `az batch` that speaks to the data plane, against a running stack. Each is a process of its own.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { RestStack } from '../../e2e/rest-stack.js';
import { eventually } from '../../helpers/eventually.js';
import { useStack } from '../endpoint.js';
import oddNames from '../odd-names.json' with { type: 'json' };
import refusedOperations from '../refused-operations.json' with { type: 'json' };
import { createAz, python, type Az, type Flags } from './az-program.js';

const poolId = 'az-pool';
const writeOddFiles =
  '/bin/sh -c \'printenv NAMES | while IFS= read -r n; do mkdir -p "$(dirname "$n")"; printf %s "$n" > "$n"; done\'';
// Half a second of processor time each, and some seconds where others want the processor, too.
const allWithinMs = 600_000;

const isInstalled = ((): boolean => {
  try {
    execFileSync('/usr/bin/az', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
if (!isInstalled) console.warn('skipped: az batch, since /usr/bin/az is not there');

let stack: RestStack;
let az: Az;
beforeAll(async () => {
  if (!isInstalled) return;
  stack = await useStack();
  az = createAz(stack.endpoint);
  // az writes its configuration when it is first used, and is not made to be first used twice at once.
  await az.run('pool list');
}, allWithinMs);
afterAll(async () => {
  if (!isInstalled) return;
  await az.end();
  await stack.stop();
});

const shownSchema = z.looseObject({ id: z.string() });
const listSchema = z.array(shownSchema);
const show = async (command: string, flags: Flags): Promise<z.infer<typeof shownSchema>> =>
  shownSchema.parse(await az.run(command, flags));
const list = async (command: string, flags: Flags): Promise<z.infer<typeof listSchema>> =>
  listSchema.parse(await az.run(command, flags));
const idsOf = async (command: string, flags: Flags): Promise<string[]> =>
  (await list(command, flags)).map(({ id }) => id);
/** Waiting is done by the client that answers at once; the commands under test are asked what they show, not when. */
const reached = (what: string, look: () => Promise<boolean>): Promise<unknown> => eventually(what, look, 60_000, 100);

describe.skipIf(!isInstalled)('az batch', () => {
  describe.concurrent('each command', () => {
    test(
      'of pools works',
      async () => {
        await az.run('pool create', { 'json-file': az.file('az-small.json', { id: 'az-small', vmSize: 's' }) });
        expect(await az.refusal('pool create', { id: 'az-small', 'vm-size': 's', ...image })).toBe('PoolExists');
        const { eTag } = z.object({ eTag: z.string() }).parse(await az.run('pool show', { 'pool-id': 'az-small' }));
        await az.run('pool set', { 'pool-id': 'az-small', metadata: ['a=1', 'b=ä'], 'if-match': eTag });
        expect(await az.refusal('pool set', { 'pool-id': 'az-small', metadata: 'a=2', 'if-match': eTag })).toBe(
          'ConditionNotMet',
        );
        expect(await az.run('pool show', { 'pool-id': 'az-small', select: 'id, metadata' })).toMatchObject({
          metadata: [
            { name: 'a', value: '1' },
            { name: 'b', value: 'ä' },
          ],
          vmSize: null,
        });
        const reset = {
          certificateReferences: [],
          applicationPackageReferences: [],
          metadata: [{ name: 'c', value: 'd' }],
        };
        const after = await az.run('pool reset', {
          'pool-id': 'az-small',
          'json-file': az.file('reset.json', reset),
        });
        expect(after).toMatchObject({ id: 'az-small', metadata: [{ name: 'c', value: 'd' }] });
        expect(await idsOf('pool list', { filter: "startswith(id,'az-small')" })).toEqual(['az-small']);
        expect(await az.refusal('pool list', { 'account-key': 'd3Jvbmc=' })).toBe('AuthenticationFailed');
        expect(await az.refusal('pool show', { 'pool-id': 'az-none' })).toBe('PoolNotFound');
        await az.run('pool delete', { 'pool-id': 'az-small', yes: true });
      },
      allWithinMs,
    );

    test(
      'of jobs works',
      async () => {
        const job = {
          id: 'az-states',
          poolInfo: { poolId: 'az-none' },
          constraints: { maxWallClockTime: 'P1DT2H', maxTaskRetryCount: 2 },
          onTaskFailure: 'performExitOptionsJobAction',
        };
        await az.run('job create', { 'json-file': az.file('states.json', job) });
        await az.run('job create', { id: 'az-flags', 'pool-id': 'az-none', priority: 5, metadata: 'a=b' });
        expect(await az.refusal('job create', { id: 'AZ-FLAGS', 'pool-id': 'az-none' })).toBe('JobExists');
        expect(await az.run('job show', { 'job-id': 'az-states' })).toMatchObject({
          constraints: { maxWallClockTime: '1 day, 2:00:00', maxTaskRetryCount: 2 },
          onTaskFailure: 'performexitoptionsjobaction',
          state: 'active',
        });
        await az.run('job set', { 'job-id': 'az-states', priority: 7 });
        expect(await az.run('job show', { 'job-id': 'az-states', select: 'id,priority' })).toMatchObject({
          priority: 7,
          poolInfo: null,
        });
        await az.run('job reset', { 'job-id': 'az-states', 'pool-id': 'az-none', 'job-max-task-retry-count': 1 });
        expect(await az.run('job show', { 'job-id': 'az-states' })).toMatchObject({
          priority: 0,
          constraints: { maxTaskRetryCount: 1 },
        });
        expect(await az.refusal('job set', { 'job-id': 'az-states', priority: 5000 })).toBe('InvalidPropertyValue');
        expect(
          await idsOf('job list', {
            filter: "(id eq 'AZ-FLAGS' or id eq 'az-states') and executionInfo/poolId eq 'az-none'",
          }),
        ).toEqual(['az-flags', 'az-states']);
        // This az refuses every value of its own flag, so the raw client does it.
        expect(await az.complaint('job disable', { 'job-id': 'az-states', 'disable-tasks': 'requeue' })).toContain(
          'Allowed values: ',
        );
        await stack.client.job.disable('az-states', 'requeue');
        await reached('a disabled job', async () => (await stack.client.job.get('az-states')).state === 'disabled');
        await az.run('job enable', { 'job-id': 'az-states' });
        await az.run('job stop', { 'job-id': 'az-states', 'terminate-reason': 'enough of it' });
        await reached('a completed job', async () => (await stack.client.job.get('az-states')).state === 'completed');
        expect(await az.run('job show', { 'job-id': 'az-states' })).toMatchObject({
          executionInfo: { terminateReason: 'enough of it' },
        });
        expect(await az.refusal('job stop', { 'job-id': 'az-states' })).toBe('JobCompleted');
        await az.run('job delete', { 'job-id': 'az-states', yes: true });
        await az.run('job delete', { 'job-id': 'az-flags', yes: true });
      },
      allWithinMs,
    );

    test(
      'of nodes, tasks and files works, from the preparation to the release',
      async () => {
        await az.run('pool create', {
          id: poolId,
          'vm-size': 'standard_d2_v3',
          'target-dedicated-nodes': 2,
          'task-slots-per-node': 2,
          ...image,
        });
        const nodes = (): Promise<readonly { id?: string; state?: string }[]> => stack.client.computeNode.list(poolId);
        await reached(
          'two idle nodes',
          async () => (await nodes()).filter(({ state }) => state === 'idle').length === 2,
        );
        const [first = '', second = ''] = await idsOf('node list', { 'pool-id': poolId, filter: "state eq 'idle'" });
        expect(await az.run('node show', { 'pool-id': poolId, 'node-id': first })).toMatchObject({ state: 'idle' });
        expect(await az.run('pool node-counts list', { filter: `poolId eq '${poolId}'` })).toMatchObject([
          { poolId, dedicated: { idle: 2, total: 2 } },
        ]);

        const job = {
          id: 'az-job',
          poolInfo: { poolId },
          jobPreparationTask: { commandLine: "/bin/sh -c 'echo prepared > $AZ_BATCH_NODE_SHARED_DIR/az.txt'" },
          jobReleaseTask: { commandLine: "/bin/sh -c 'rm $AZ_BATCH_NODE_SHARED_DIR/az.txt'" },
        };
        await az.run('job create', { 'json-file': az.file('job.json', job) });
        expect(await az.run('job prep-release-status list', { 'job-id': 'az-job' })).toEqual([]);
        const odd = {
          id: 'Odd',
          commandLine: writeOddFiles,
          environmentSettings: [{ name: 'NAMES', value: oddNames.join('\n') }],
        };
        expect(
          await az.run('task create', { 'job-id': 'az-job', 'json-file': az.file('odd.json', odd) }),
        ).toMatchObject({ id: 'Odd', constraints: { retentionTime: '7 days, 0:00:00' } });
        const two = [1, 2].map((number) => ({ id: `t${number}`, commandLine: 'true' }));
        expect(
          await az.run('task create', { 'job-id': 'az-job', 'json-file': az.file('two.json', two) }),
        ).toMatchObject([{ status: 'success' }, { status: 'success' }]);
        await az.run('task create', {
          'job-id': 'az-job',
          'task-id': 'Long',
          'command-line': 'sleep 600',
          'max-task-retry-count': 1,
        });
        await az.run('task reset', { 'job-id': 'az-job', 'task-id': 'Long', 'retention-time': 'PT1H' });
        expect(await az.run('task show', { 'job-id': 'az-job', 'task-id': 'Long' })).toMatchObject({
          constraints: { retentionTime: '1:00:00', maxTaskRetryCount: 0 },
        });
        await az.run('task stop', { 'job-id': 'az-job', 'task-id': 'Long' });
        await reached('the end', async () => (await stack.client.task.get('az-job', 'Long')).state === 'completed');
        await az.run('task reactivate', { 'job-id': 'az-job', 'task-id': 'Long' });
        expect(await az.run('task subtask list', { 'job-id': 'az-job', 'task-id': 'Long' })).toMatchObject({
          value: [],
        });
        await az.run('task delete', { 'job-id': 'az-job', 'task-id': 'Long', yes: true });
        await reached('all succeeded', async () => {
          const { taskCounts } = await stack.client.job.getTaskCounts('az-job');
          return taskCounts.succeeded === 3;
        });
        expect(await az.run('job task-counts show', { 'job-id': 'az-job' })).toMatchObject({
          taskCounts: { succeeded: 3, failed: 0 },
        });
        expect(await idsOf('task list', { 'job-id': 'az-job', filter: 'executionInfo/exitCode eq 0' })).toEqual([
          'Odd',
          't1',
          't2',
        ]);

        const { nodeInfo } = z
          .object({ nodeInfo: z.object({ nodeId: z.string(), taskRootDirectory: z.string() }) })
          .parse(await show('task show', { 'job-id': 'az-job', 'task-id': 'odd' }));
        const ofTask = { 'job-id': 'az-job', 'task-id': 'Odd' };
        const ofNode = { 'pool-id': poolId, 'node-id': nodeInfo.nodeId };
        const named = z.array(z.object({ name: z.string() }));
        const taskFiles = named.parse(await az.run('task file list', { ...ofTask, recursive: 'true' }));
        expect(taskFiles.map(({ name }) => name)).toEqual(expect.arrayContaining(oddNames.map((name) => `wd/${name}`)));
        const filter = `startswith(name,'${nodeInfo.taskRootDirectory}/wd')`;
        const nodeFiles = named.parse(await az.run('node file list', { ...ofNode, recursive: 'true', filter }));
        expect(nodeFiles.map(({ name }) => name)).toEqual(
          expect.arrayContaining(oddNames.map((name) => `${nodeInfo.taskRootDirectory}/wd/${name}`)),
        );
        const directory = az.file('downloads', '');
        await Promise.all(
          oddNames.map(async (name, index) => {
            const destination = `${directory}.${index}`;
            await az.run('task file download', { ...ofTask, 'file-path': `wd/${name}`, destination });
            expect(readFileSync(destination, 'utf8')).toBe(name);
          }),
        );
        const part = `${directory}.part`;
        await az.run('node file download', {
          ...ofNode,
          'file-path': `${nodeInfo.taskRootDirectory}/wd/plain.txt`,
          destination: part,
          'start-range': 1,
          'end-range': 3,
        });
        expect(readFileSync(part, 'utf8')).toBe('lai');
        await az.run('task file show', { ...ofTask, 'file-path': 'wd/plain.txt' });
        await az.run('node file show', { ...ofNode, 'file-path': 'shared/az.txt' });
        expect(
          await az.refusal('task file download', { ...ofTask, 'file-path': 'none', destination: `${directory}.none` }),
        ).toBe('FileNotFound');

        await az.run('task file delete', { ...ofTask, 'file-path': 'wd/plain.txt', yes: true });
        await az.run('node file delete', {
          ...ofNode,
          'file-path': `${nodeInfo.taskRootDirectory}/wd`,
          recursive: 'true',
          yes: true,
        });
        expect(await az.refusal('task file delete', { ...ofTask, 'file-path': 'wd', yes: true })).toBe('FileNotFound');

        await az.run('job stop', { 'job-id': 'az-job' });
        await reached('the end of the job', async () => (await stack.client.job.get('az-job')).state === 'completed');
        const status = z
          .array(z.looseObject({ nodeId: z.string() }))
          .parse(await az.run('job prep-release-status list', { 'job-id': 'az-job' }));
        expect(status.length).toBeGreaterThan(0);
        for (const each of status)
          expect(each).toMatchObject({
            jobPreparationTaskExecutionInfo: { exitCode: 0, result: 'success' },
            jobReleaseTaskExecutionInfo: { exitCode: 0, result: 'success' },
          });
        await az.run('job delete', { 'job-id': 'az-job', yes: true });

        await az.run('node scheduling disable', { 'pool-id': poolId, 'node-id': first });
        expect(await az.refusal('node scheduling disable', { 'pool-id': poolId, 'node-id': first })).toBe(
          'NodeAlreadyInTargetSchedulingState',
        );
        await az.run('node scheduling enable', { 'pool-id': poolId, 'node-id': first });
        const isIdle = async (id: string): Promise<boolean> =>
          (await stack.client.computeNode.get(poolId, id)).state === 'idle';
        await reached('an idle node', () => isIdle(first));
        await az.run('node reboot', { 'pool-id': poolId, 'node-id': first, 'node-reboot-option': 'requeue' });
        await az.run('node reimage', { 'pool-id': poolId, 'node-id': second });
        await reached('a rebooted node', () => isIdle(first));
        await reached('a reimaged node', () => isIdle(second));

        await az.run('pool resize', { 'pool-id': poolId, 'target-dedicated-nodes': 3, 'resize-timeout': 'PT6M' });
        const isSteady = async (): Promise<boolean> =>
          (await stack.client.pool.get(poolId)).allocationState === 'steady';
        await reached('a steady pool', isSteady);
        expect(await az.refusal('pool resize', { 'pool-id': poolId, abort: true })).toBe(
          'OperationInvalidForCurrentState',
        );
        await az.run('node delete', { 'pool-id': poolId, 'node-list': [first, second] });
        await reached('a steady pool', isSteady);
        expect(await az.run('pool show', { 'pool-id': poolId })).toMatchObject({
          currentDedicatedNodes: 1,
          targetDedicatedNodes: 1,
        });
        await az.run('pool delete', { 'pool-id': poolId, yes: true });
      },
      allWithinMs,
    );

    test(
      'of job schedules works',
      async () => {
        const schedule = {
          id: 'az-schedule',
          schedule: { recurrenceInterval: 'P1D', startWindow: 'PT1H30M' },
          jobSpecification: { priority: 3, poolInfo: { poolId: 'az-none' } },
        };
        const given = { 'job-schedule-id': 'az-schedule' };
        await az.run('job-schedule create', { 'json-file': az.file('schedule.json', schedule) });
        expect(await az.refusal('job-schedule create', { 'json-file': az.file('again.json', schedule) })).toBe(
          'JobScheduleExists',
        );
        expect(await az.run('job-schedule show', given)).toMatchObject({
          state: 'active',
          schedule: { recurrenceInterval: '1 day, 0:00:00', startWindow: '1:30:00' },
          executionInfo: { recentJob: { id: 'az-schedule:job-1' } },
        });
        expect(await idsOf('job-schedule list', { filter: "startswith(id,'AZ-SCHEDULE')" })).toEqual(['az-schedule']);
        expect(await idsOf('job list', { ...given, filter: "state eq 'active'" })).toEqual(['az-schedule:job-1']);
        expect(await az.run('job show', { 'job-id': 'az-schedule:job-1' })).toMatchObject({ priority: 3 });
        await az.run('job-schedule set', { ...given, metadata: 'a=b' });
        await az.run('job-schedule disable', given);
        await az.run('job-schedule reset', {
          ...given,
          'pool-id': 'az-none',
          'recurrence-interval': 'PT1H',
          priority: 4,
        });
        expect(await az.run('job-schedule show', given)).toMatchObject({
          state: 'disabled',
          schedule: { recurrenceInterval: '1:00:00' },
          jobSpecification: { priority: 4 },
        });
        await az.run('job-schedule enable', given);
        await az.run('job-schedule stop', given);
        await reached(
          'a completed schedule',
          async () => (await stack.client.jobSchedule.get('az-schedule')).state === 'completed',
        );
        await az.run('job-schedule delete', { ...given, yes: true });
      },
      allWithinMs,
    );

    test(
      'on the account shows images, and the applications that its deployment declares, and that there are no certificates',
      async () => {
        const images = await az.run('pool supported-images list', { filter: "osType eq 'linux'" });
        expect(images).toContainEqual(expect.objectContaining({ nodeAgentSkuId: 'batch.node.ubuntu 22.04' }));
        expect(await idsOf('application summary list', {})).toEqual(['four', 'one', 'three', 'two']);
        expect(await az.run('application summary show', { 'application-id': 'one' })).toMatchObject({
          displayName: 'Tool one',
          versions: ['1.0', '2.0'],
        });
        expect(await az.refusal('application summary show', { 'application-id': 'a' })).toBe('ApplicationNotFound');
        expect(await az.run('certificate list', {})).toEqual([]);
        expect(await az.refusal('certificate show', { thumbprint: 'a1' })).toBe('CertificateNotFound');
        const remove = az.refusal('certificate delete', { thumbprint: 'a1', yes: true });
        expect(await remove).toBe('CertificateNotFound');
      },
      allWithinMs,
    );

    test(
      'that is not supported is refused by name',
      async () => {
        const pool = { 'pool-id': 'p' };
        const node = { 'pool-id': 'p', 'node-id': 'n' };
        const formula = { 'auto-scale-formula': '$TargetDedicatedNodes=1' };
        const certificate = az.file('c.cer', '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n');
        const remoteDesktop = join(az.file('rdp', ''), '..', 'n.rdp');
        const refused: readonly (readonly [string, Flags])[] = [
          ['pool autoscale enable', { ...pool, ...formula }],
          ['pool autoscale disable', pool],
          ['pool autoscale evaluate', { ...pool, ...formula }],
          ['pool usage-metrics list', {}],
          ['pool all-statistics show', {}],
          ['job all-statistics show', {}],
          ['certificate create', { 'certificate-file': certificate, thumbprint: 'a1' }],
          ['node user create', { ...node, name: 'u', password: 'p' }],
          ['node user reset', { ...node, 'user-name': 'u', password: 'p' }],
          ['node user delete', { ...node, 'user-name': 'u', yes: true }],
          ['node remote-desktop download', { ...node, destination: remoteDesktop }],
          ['node remote-login-settings show', node],
          ['node service-logs upload', { ...node, 'container-url': 'https://c', 'start-time': '2026-01-01T00:00:00Z' }],
        ];
        const codes = await Promise.all(refused.map(([command, flags]) => az.refusal(command, flags)));
        expect(codes).toEqual(refused.map(() => 'NotImplemented'));
        expect(existsSync(remoteDesktop)).toBe(false);
      },
      allWithinMs,
    );
  });

  // Last, as it speaks of all that was given before.
  test('no command was forgotten: each one worked, or is refused with its code', async () => {
    const script = fileURLToPath(new URL('commands.py', import.meta.url));
    const { stdout } = await promisify(execFile)(python, [script]);
    const commands = z.record(z.string(), z.string()).parse(JSON.parse(stdout));
    const codes: Readonly<Record<string, string>> = refusedOperations;
    const expected = Object.entries(commands).map(([command, operation]) => [command, codes[operation] ?? 'ok']);
    const met = Object.keys(commands).map((command) => {
      const seen = az.outcomes.get(command);
      return [command, seen?.has('ok') === true ? 'ok' : [...(seen ?? ['never given'])].join(' ')];
    });
    expect(Object.fromEntries(met)).toEqual({ ...Object.fromEntries(expected), 'job disable': 'not sent' });
  });
});

const image: Flags = { image: 'canonical:ubuntuserver:18.04-lts', 'node-agent-sku-id': 'batch.node.ubuntu 18.04' };
