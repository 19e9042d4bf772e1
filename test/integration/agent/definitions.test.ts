// Definitions too long for an order: the agent fetches them by URL before the start.
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNodeOnMachine, orderWith, runWith, shell, type NodeOnMachine } from '../../helpers/agent-on-machine.js';
import { eventually } from '../../helpers/eventually.js';

let node: NodeOnMachine;
let server: Server;
let answers: { status: number; body: string }[];
let asked: number;
let url: string;

beforeEach(async () => {
  node = await createNodeOnMachine();
  await node.start();
  asked = 0;
  server = createServer((_, response) => {
    const answer = answers[Math.min(asked, answers.length - 1)];
    asked += 1;
    response.writeHead(answer?.status ?? 500).end(answer?.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/definition?sig=secret`;
});
afterEach(async () => {
  await node.remove();
  await new Promise((resolve) => server.close(resolve));
});

const long = runWith(shell(`echo ${'x'.repeat(40_000)}`)).definition;
const body = JSON.stringify('inline' in long ? long.inline : undefined);

test('a definition is fetched, again and again while the store has trouble, and run', async () => {
  answers = [
    { status: 503, body: '' },
    { status: 500, body: '' },
    { status: 200, body },
  ];
  const task = { ...runWith('/bin/true'), definition: { url } };
  await node.sendOrder(orderWith({ tasks: [task] }));
  expect(await node.ended(task.runId)).toMatchObject({ ending: 'exited', exitCode: 0 });
  expect((await node.read('workitems/job1/job-1/task1/stdout.txt')).length).toBe(40_001);
  expect(asked).toBe(3);
});

test.each([
  ['that is none', { status: 200, body: '{"commandLine":1}' }],
  ['that is no JSON', { status: 200, body: 'hello' }],
])('a run with a definition %s cannot be started, and that is not the fault of its user', async (_, answer) => {
  answers = [answer];
  const task = { ...runWith('/bin/true'), definition: { url } };
  await node.sendOrder(orderWith({ tasks: [task] }));
  const ended = await node.ended(task.runId);
  expect(ended).toMatchObject({ ending: 'notStartable', failure: { category: 'servererror' } });
  expect(JSON.stringify(ended)).not.toContain('secret');
});

test('a run whose definition does not come can be ended', async () => {
  answers = [{ status: 503, body: '' }];
  const task = { ...runWith('/bin/true'), definition: { url } };
  await node.sendOrder(orderWith({ tasks: [task] }));
  await eventually('a question', () => asked > 0);
  const failure = { category: 'usererror', code: 'TaskEnded', message: 'The task was ended by a user' } as const;
  await node.sendOrder(orderWith({ kills: [{ runId: task.runId, failure }] }));
  expect(await node.ended(task.runId)).toMatchObject({ ending: 'neverStarted', failure });
});
