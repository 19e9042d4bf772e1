// The journal and the epochs on a real disk: what survives, what a damaged or missing file means.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNodeDisk } from '../../../agent/adapters/node-disk.js';
import { loadJournal, type Journal } from '../../../agent/journal.js';
import { silentLog } from '../../../shared/log.js';
import { createNodeOnMachine, orderWith, runWith, type NodeOnMachine } from '../../helpers/agent-on-machine.js';
import { eventually } from '../../helpers/eventually.js';
import { ended, recordWith, states } from '../../helpers/run-records.js';

describe('the journal', () => {
  let directory: string;
  const open = async (): Promise<Journal> =>
    loadJournal(await createNodeDisk({ root: join(directory, 'root'), state: join(directory, 'state') }), silentLog);
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bookend-journal-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test('gives back what was saved, the newest state of each run', async () => {
    const journal = await open();
    const saves = [states.accepted, states.running, states.succeeded].map((state) =>
      journal.save({
        runs: [recordWith({ runId: 'run1', state }), recordWith({ runId: `other/${state.name}`, state })],
      }),
    );
    await Promise.all(saves);
    const again = await open();
    expect([...again.runs.values()].map(({ runId, state }) => `${runId} ${state.name}`).sort()).toEqual([
      'other/accepted accepted',
      'other/ended ended',
      'other/running running',
      'run1 ended',
    ]);
    expect(again.runs).toEqual(journal.runs);
  });

  test('knows apart what is pending and what is only remembered', async () => {
    const journal = await open();
    const done = ended({ ending: 'exited', exitCode: 0, acknowledged: true });
    await journal.save({ runs: [recordWith({ runId: 'run1' }), recordWith({ runId: 'run2', state: done })] });
    expect([...(await open()).pending.keys()]).toEqual(['run1']);
    await journal.save({ runs: [recordWith({ runId: 'run1', state: done })] });
    expect([...journal.pending.keys()]).toEqual([]);
    await journal.removeRuns(['run1', 'run2']);
    expect((await open()).runs.size).toBe(0);
  });

  test('passes over a file that cannot be read, and over one that was never finished', async () => {
    const journal = await open();
    await journal.save({ runs: [recordWith({ runId: 'run1' }), recordWith({ runId: 'run2' })] });
    const folder = join(directory, 'state/runs');
    const [first = ''] = await readdir(folder);
    await writeFile(join(folder, first), '{"version":1,');
    await writeFile(join(folder, 'unfinished.json.new'), '{');
    expect((await open()).runs.size).toBe(1);
  });
});

describe('the epoch of a node', () => {
  let node: NodeOnMachine;
  beforeEach(async () => {
    node = await createNodeOnMachine();
  });
  afterEach(() => node.remove());
  const told = (epoch: number) =>
    eventually(`a report of epoch ${epoch}`, () => node.reports().find((report) => report.epoch === epoch));

  test('begins anew with an emptied root: no preparation counts any more', async () => {
    const agent = await node.start();
    const preparation = runWith('/bin/true', { kind: 'preparation', taskId: 'jobpreparation' });
    await node.sendOrder(orderWith({ preparation }));
    await node.ended(preparation.runId);
    await agent.detach();
    await rm(node.identity.rootDirectory, { recursive: true });

    await node.start();
    expect(await told(2)).toMatchObject({ imageEpoch: 2 });
    const task = runWith('/bin/true', { requiresPreparation: preparation.runId });
    await node.sendOrder(orderWith({ epoch: 2, tasks: [task] }));
    expect(await node.ended(task.runId)).toMatchObject({ ending: 'neverStarted' });
  });

  test('goes on from what the root remembers when the journal is lost, and what ran is ended', async () => {
    const agent = await node.start();
    const task = runWith('/bin/sleep 1000');
    await node.sendOrder(orderWith({ tasks: [task] }));
    await eventually('a report that it runs', () => node.run(task.runId)?.state === 'running');
    await agent.detach();
    await rm(node.stateDirectory, { recursive: true });

    await node.start();
    expect(await told(2)).toMatchObject({ imageEpoch: 2, runs: [] });
  });

  test('begins anew with a reboot: what ran is lost, what was prepared stays prepared', async () => {
    const agent = await node.start();
    const preparation = runWith('/bin/true', { kind: 'preparation', taskId: 'jobpreparation' });
    const running = runWith('/bin/sleep 1000', { taskId: 'running' });
    await node.sendOrder(orderWith({ preparation, tasks: [running] }));
    await node.ended(preparation.runId);
    await agent.detach();

    await node.start({ bootId: 'another boot' });
    expect(await told(2)).toMatchObject({ imageEpoch: 1 });
    expect(await node.ended(running.runId)).toMatchObject({ ending: 'lost' });
    const task = runWith('/bin/true', { requiresPreparation: preparation.runId });
    await node.sendOrder(orderWith({ epoch: 2, tasks: [task] }));
    expect(await node.ended(task.runId)).toMatchObject({ exitCode: 0 });
  });
});
