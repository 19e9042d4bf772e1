// What the host answers over HTTP: the app's functions by route, and the few admin calls of Azure that make sense here.
import type { Log } from '../../../shared/log.js';
import type { Invoker } from '../app/invoke.js';
import { isMasterKey } from './host-key.js';
import { bodyless, type Answerer, type ReceivedRequest } from './http-listener.js';
import { requestUrl, toAnswer, toHttpData, type Answer } from './http-messages.js';
import type { AnswerForm } from './refusals.js';
import { decodeSegment } from './route-template.js';
import type { RouteMatch, RouteTable } from './route-table.js';

/** What became of an admin's wish to run a function. */
export type AdminRun = 'started' | 'unknownFunction' | 'unavailable';

export type HttpFront = {
  readonly routes: RouteTable;
  readonly invoker: Invoker;
  readonly masterKey: string;
  /** Starts a function that is not HTTP-triggered, with `input` as its message body, and does not wait for it. */
  readonly runFunction: (name: string, input: string) => Promise<AdminRun>;
  readonly form: AnswerForm;
  readonly log: Log;
};

type Head = Omit<ReceivedRequest, 'body'>;

/**
 * Answers `/admin/…` and the app's routes. Where no function answers, a key is missing or wrong, or a function throws, it refuses in its form.
 * Admin calls, without bodies: https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
 */
export function createHttpAnswerer(front: HttpFront): Answerer {
  return (head) => {
    const url = requestUrl(head.target, single(head.headers['host']));
    if (url === undefined) return front.form.refuse('badTarget');
    if (/^\/admin(\/|$)/i.test(url.pathname)) return answerAdmin(front, head, url);
    const match = front.routes.find(head.method, url.pathname);
    if (match === undefined) return front.form.refuse('noFunction');
    const needsKey = match.httpFunction.trigger.authLevel !== 'anonymous';
    if (needsKey && !holdsKey(front, head, url)) return front.form.refuse('keyMissing');
    return (body) => callFunction(front, match, head, url, body);
  };
}

async function callFunction(
  { invoker, form, log }: HttpFront,
  { httpFunction, params }: RouteMatch,
  { method, headers }: Head,
  url: URL,
  body: Uint8Array,
): Promise<Answer> {
  const http = toHttpData({ method, url, headers, params, body });
  const inputData = [{ name: httpFunction.bindingName, data: { http } }];
  // The invoker has logged why.
  const response = await invoker.invoke(httpFunction.registered, { inputData }).catch(() => undefined);
  if (response === undefined) return form.refuse('failed');
  try {
    return toAnswer(response.returnValue);
  } catch (error) {
    log.error('function gave no http answer', { functionName: httpFunction.name, error });
    return form.refuse('failed');
  }
}

function answerAdmin(front: HttpFront, head: Head, url: URL): ReturnType<Answerer> {
  const [, , area, name, ...rest] = url.pathname.split('/').map(decodeSegment);
  // Open, as in Azure: it says nothing but that the host is up.
  if (area === 'host' && name === 'ping') return bodyless(200);
  if (!holdsKey(front, head, url)) return bodyless(401);
  if (head.method !== 'POST' || area !== 'functions' || name === undefined || rest.length > 0) return bodyless(404);
  return async (body) => {
    const input = readInput(body);
    if (input === undefined) return bodyless(400);
    switch (await front.runFunction(name, input)) {
      case 'started':
        return bodyless(202);
      case 'unknownFunction':
        return bodyless(404);
      case 'unavailable':
        return bodyless(503);
    }
  };
}

function holdsKey(front: HttpFront, head: Head, url: URL): boolean {
  const presented = single(head.headers['x-functions-key']) ?? url.searchParams.get('code');
  return isMasterKey(presented, front.masterKey);
}

/** The `input` of an admin call's JSON body, as text; undefined when the body is not such JSON. */
function readInput(body: Uint8Array): string | undefined {
  if (body.length === 0) return '';
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(body));
    if (typeof json !== 'object' || json === null) return undefined;
    const input: unknown = 'input' in json ? json.input : '';
    return typeof input === 'string' ? input : JSON.stringify(input ?? '');
  } catch {
    return undefined;
  }
}

function single(value: string | readonly string[] | undefined): string | undefined {
  return value === undefined || typeof value === 'string' ? value : value[0];
}
