// The app in this process with something in it, and the steps of a run on it: each checked by all that can be seen of it.
import { expect } from 'vitest';
import { z } from 'zod';
import type { Answer } from '../../local/functions-host/http/http-messages.js';
import type { Services } from '../../shared/services.js';
import { sweep } from '../../shared/passes/sweep.js';
import { goOn, type Life } from '../integration/controller/life.js';
import { loadHttpFunctions, operationsIn } from './app-operations.js';
import type { KnownIds } from './arbitrary-path.js';
import type { FuzzOperation } from './arbitrary-query.js';
import { secretMark } from './body-examples.js';
import { checkFuzzAnswer, isBeforeTruth, isRefusal, textOf } from './check-fuzz-answer.js';
import { findParameters } from './find-parameters.js';
import type { FuzzRequest } from './fuzz-request.js';
import { createMemoryApp, noChange, type Changes, type MemoryApp, type Snapshot } from './memory-app.js';
import { deadLettersOf, populate, resume, signed } from './populate.js';

/** What happens next: a request, or the controller and the nodes go on until nothing is left to say, at once or when hours have passed. */
export type Step = FuzzRequest | 'goOn' | 'hoursLater';
export type Send = (request: FuzzRequest) => Promise<Answer>;

export type FuzzStack = {
  readonly app: MemoryApp;
  readonly operations: readonly FuzzOperation[];
  readonly ids: KnownIds;
  /** How often each verb was answered with each status. */
  readonly statuses: Map<string, number>;
  /** Takes the steps on the state that the stack began with. Rejects at the first that is not as it should be; `send` stands for the app. */
  run(steps: readonly Step[], send?: Send): Promise<void>;
};

/** `provide` is told the services that the app is to use from now on. */
export async function startFuzzStack(provide: (services: Services) => void): Promise<FuzzStack> {
  const core = await loadHttpFunctions();
  const app = createMemoryApp(core, provide);
  const { ids, life } = await populate(app);
  const operations = await findParameters(operationsIn(core), ids, (request) => app.send(request));
  const start: Snapshot = app.snapshot();
  const statuses = new Map<string, number>();
  const count = (what: string): unknown => statuses.set(what, (statuses.get(what) ?? 0) + 1);
  return {
    ...{ app, operations, ids, statuses },
    async run(steps, send = (request) => app.send(request)) {
      app.restore(start);
      const now = resume(app, life);
      let isChanged = false;
      for (const step of steps) {
        if (step === 'goOn' || step === 'hoursLater') {
          await letGoOn(app, now, step);
          continue;
        }
        const answer = await check(app, step, send);
        count(`${step.method} ${answer.status}`);
        isChanged ||= !isReading(step) && !isRefusal(answer);
      }
      if (!isChanged) return;
      await letGoOn(app, now, 'goOn');
      await checkLists(ids, send);
    },
  };
}

/** Sends one request and checks all that can be seen of it. */
async function check(app: MemoryApp, request: FuzzRequest, send: Send): Promise<Answer> {
  app.logLines.length = 0;
  const answer = await send(request);
  checkFuzzAnswer(request, answer);
  const told = `${request.method} ${request.target.slice(0, 300)} -> ${answer.status}`;
  const isRead = isReading(request);
  const text = textOf(answer);
  const changed = isBeforeTruth(text) ? withoutLists(app.changes()) : app.changes();
  const changes = isRead ? withoutNotes(changed) : changed;
  if (isRefusal(answer) || isRead)
    expect(changes, `${told} ${text.slice(0, 400)} changed ${JSON.stringify(changes)}`).toEqual(noChange);
  for (const line of app.logLines) {
    expect(line, told).not.toContain(secretMark);
    expect(line, told).not.toContain(app.account.key);
    expect(line, told).not.toMatch(/^error/);
  }
  if (answer.status === 201) await checkLocation(answer, send, told);
  return answer;
}

const isReading = ({ method }: FuzzRequest): boolean => ['GET', 'HEAD', 'OPTIONS'].includes(method);

/** What was added is there. */
async function checkLocation({ headers }: Answer, send: Send, told: string): Promise<void> {
  const location = Object.entries(headers).find(([name]) => name.toLowerCase() === 'location')?.[1];
  if (typeof location !== 'string') return;
  const request = signed('GET', new URL(location).pathname);
  const shown = await send(request);
  checkFuzzAnswer(request, shown);
  expect(shown.status, `${told}, then GET ${location}`).toBe(200);
}

const withoutLists = ({ rows, ...others }: Changes): Changes => ({
  ...others,
  messages: 0,
  rows: rows.filter((row) => !/^(jobs|pools|pool:\S+ job:\S+)/.test(row)),
});

/** Whoever reads the list of jobs may leave notes in it, of what the heads say anyway: docs/decisions/0019. */
const withoutNotes = ({ rows, ...rest }: Changes): Changes => ({
  ...rest,
  rows: rows.filter((row) => !row.startsWith('jobs ')),
});

const hoursMs = 6 * 3600_000;

/** What was accepted harms nobody: the controller can work with it. */
async function letGoOn(app: MemoryApp, life: Life, how: 'goOn' | 'hoursLater'): Promise<void> {
  app.logLines.length = 0;
  if (how === 'hoursLater') {
    app.clock.advance(hoursMs);
    await sweep(life.services, { quietPoolsToo: true });
  }
  await goOn(life);
  expect(deadLettersOf(app), 'no message is given up').toEqual([]);
  expect(app.logLines.filter((line) => line.startsWith('error') || line.includes(secretMark))).toEqual([]);
}

/** All of what was accepted can be shown, and what is new in every way there is. */
async function checkLists(ids: KnownIds, send: Send): Promise<void> {
  const ask = async (path: string): Promise<Answer> => {
    const request = signed('GET', path);
    const answer = await send(request);
    checkFuzzAnswer(request, answer);
    return answer;
  };
  for (const path of [
    '/nodecounts',
    '/pools/Pool-1/nodes',
    ...[...new Set(ids['jobId'])].map((id) => `/jobs/${id}/tasks`),
  ])
    await ask(path);
  for (const [path, parts] of Object.entries(shownOf)) {
    const list = await ask(path);
    expect(list.status, path).toBe(200);
    const listed = listSchema.parse(JSON.parse(textOf(list))).value.map(({ id }) => id);
    const known = Object.values(ids).flat();
    for (const id of listed.filter((each) => !known.includes(each)))
      for (const part of parts)
        expect((await ask(`${path}/${encodeURIComponent(id)}${part}`)).status, `${path}/${id}${part}`).toBe(200);
  }
}

const shownOf = {
  '/pools': ['', '/nodes'],
  '/jobs': ['', '/tasks', '/taskcounts', '/explain'],
  '/jobschedules': ['', '/jobs'],
};
const listSchema = z.object({ value: z.array(z.object({ id: z.string() })) });
