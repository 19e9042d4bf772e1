// Output of runs that is kept: sent to the container that the order names, however often that or the agent fails.
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { largestLogBytes } from '../../../agent/send-logs.js';
import { createNodeOnMachine, orderWith, runWith, shell, type NodeOnMachine } from '../../helpers/agent-on-machine.js';
import { eventually } from '../../helpers/eventually.js';
import { createSteppedClock } from '../../helpers/stepped-clock.js';

let node: NodeOnMachine;
let server: Server;
let url: string;
/** What was put, by path without the signature. */
const kept = new Map<string, string>();
let answer: (path: string) => number | undefined;

beforeEach(async () => {
  node = await createNodeOnMachine();
  kept.clear();
  answer = () => 201;
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = decodeURIComponent(new URL(request.url ?? '', 'http://host').pathname);
      const status = answer(request.url ?? '');
      // Undefined: it never answers.
      if (status === undefined) return;
      if (status === 201) kept.set(path, Buffer.concat(chunks).toString('utf8'));
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  url = `http://127.0.0.1:${port}/account/job-job1`;
});
afterEach(async () => {
  await node.remove();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const target = (signature = 'good') => ({ logTarget: { url: `${url}?sig=${signature}` } });
const place = (taskId: string, name: string): string =>
  `/account/job-job1/${taskId}/$TaskLog/incarnat/node1/${name}.txt`;

describe('what is kept', () => {
  test('is the output of each try of a preparation, of a release, and of a task that failed', async () => {
    await node.start();
    const preparation = runWith(shell('echo x >> tries; wc -l < tries; test $(wc -l < tries) -eq 2'), {
      ...{ kind: 'preparation', taskId: 'jobpreparation', constraints: { maxTaskRetryCount: 1 } },
    });
    const fails = runWith(shell('echo out; echo err >&2; exit 1'), { taskId: 'fails' });
    const succeeds = runWith('true', { taskId: 'succeeds' });
    const release = runWith(shell('echo released'), { kind: 'release', taskId: 'jobrelease' });
    await node.sendOrder(orderWith({ preparation, tasks: [fails, succeeds], release, ...target() }));
    await node.ended(release.runId);
    await eventually('the output of the preparation', () => kept.has(place('jobpreparation', 'stderr.1.0')));
    expect(Object.fromEntries(kept)).toEqual({
      [place('jobpreparation', 'stdout.1.0')]: '1\n',
      [place('jobpreparation', 'stdout.1.1')]: '2\n',
      [place('jobpreparation', 'stderr.1.0')]: '',
      [place('jobpreparation', 'stderr.1.1')]: '',
      [place('fails', 'stdout.1.0')]: 'out\n',
      [place('fails', 'stderr.1.0')]: 'err\n',
      [place('jobrelease', 'stdout.1.0')]: 'released\n',
      [place('jobrelease', 'stderr.1.0')]: '',
    });
  });

  test('of a very long output is its beginning and its end, with a word on what is missing', async () => {
    await node.start();
    const task = runWith(shell(`echo begin; head -c ${largestLogBytes} /dev/zero; echo end; exit 1`));
    await node.sendOrder(orderWith({ tasks: [task], ...target() }));
    await node.ended(task.runId);
    const text = kept.get(place('task1', 'stdout.1.0')) ?? '';
    expect(text.length).toBeLessThan(largestLogBytes + 200);
    expect(text.slice(0, 6) + text.slice(-4)).toBe('begin\nend\n');
    expect(text).toMatch(/\n\[10 bytes are left out here: [^\]]+\]\n/);
  });
});

describe('a store that has trouble', () => {
  test('holds up the end of a release for ten seconds and no longer, and gets the output later', async () => {
    const clock = createSteppedClock();
    await node.start({ clock });
    answer = () => undefined;
    const release = runWith(shell('echo released'), { kind: 'release', taskId: 'jobrelease' });
    await node.sendOrder(orderWith({ release, ...target() }));
    await eventually('a try to send', () => node.run(release.runId)?.state === 'running');
    clock.advance(10_000);
    await node.ended(release.runId);
    expect(kept.size).toBe(0);
    answer = () => 201;
    server.closeAllConnections();
    await eventually('the output', () => {
      clock.advance(5_000);
      return kept.has(place('jobrelease', 'stderr.1.0'));
    });
    expect(kept.get(place('jobrelease', 'stdout.1.0'))).toBe('released\n');
  });

  test('gets the output from the next agent when the one that had it has gone', async () => {
    const before = await node.start();
    answer = () => 503;
    const preparation = runWith(shell('echo prepared'), { kind: 'preparation', taskId: 'jobpreparation' });
    await node.sendOrder(orderWith({ preparation, ...target() }));
    await node.ended(preparation.runId);
    await before.detach();
    answer = () => 201;
    await node.start();
    await eventually('the output', () => kept.get(place('jobpreparation', 'stdout.1.0')) === 'prepared\n');
  });

  test('that takes the URL no more is asked about by report, and served with the next one', async () => {
    await node.start();
    answer = (path) => (path.includes('sig=good') ? 201 : 403);
    const preparation = runWith(shell('echo prepared'), { kind: 'preparation', taskId: 'jobpreparation' });
    await node.sendOrder(orderWith({ preparation, ...target('old') }));
    const asked = { jobId: 'job1', incarnation: 'incarnation1' };
    await eventually('the question', () =>
      node.reports().some(({ needsLogTarget }) => needsLogTarget?.some((job) => job.incarnation === asked.incarnation)),
    );
    expect(node.reports().at(-1)?.needsLogTarget).toEqual([asked]);
    await node.sendOrder(orderWith(target()));
    await eventually('the output', () => kept.get(place('jobpreparation', 'stdout.1.0')) === 'prepared\n');
  });

  test('gets what is left in the last moment of a node that is shut down', async () => {
    const agent = await node.start();
    answer = () => 503;
    const preparation = runWith(shell('echo prepared'), { kind: 'preparation', taskId: 'jobpreparation' });
    await node.sendOrder(orderWith({ preparation, ...target() }));
    await node.ended(preparation.runId);
    answer = () => 201;
    await agent.shutdown();
    expect(kept.get(place('jobpreparation', 'stdout.1.0'))).toBe('prepared\n');
  });
});
