// Requests as a client writes them that is none of ours: target and headers go as they are given, signed as Batch documents it.
// Written from the documentation alone, and not with the service's own code, so that the two check each other.
// https://learn.microsoft.com/rest/api/batchservice/authenticate-requests-to-the-azure-batch-service
import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { z } from 'zod';
import type { RestEndpoint } from '../e2e/rest-stack.js';
import { signedHeaders } from '../helpers/signed-headers.js';

export type RawRequest = {
  readonly method?: string;
  /** Path and query, percent-encoded. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** When it says that it was made; now unless given. */
  readonly at?: Date;
};
export type RawResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The text as JSON; an empty object when it is none. */
  readonly json: Readonly<Record<string, unknown>>;
};

export async function sendRaw(endpoint: RestEndpoint, asked: RawRequest): Promise<RawResponse> {
  const { method = 'GET', target, body, at = new Date() } = asked;
  const { hostname, port } = new URL(endpoint.batchUrl);
  const headers: Record<string, string> = {
    'ocp-date': at.toUTCString(),
    ...(body !== undefined || method === 'POST' ? { 'content-length': String(Buffer.byteLength(body ?? '')) } : {}),
    ...asked.headers,
  };
  headers['authorization'] = `SharedKey ${endpoint.account}:${signature(endpoint, method, target, headers)}`;
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path: target, headers }, (answer) => {
      readText(answer).then((text) => {
        const isJson = answer.headers['content-type']?.startsWith('application/json;odata') === true && text !== '';
        const json = isJson ? z.record(z.string(), z.unknown()).parse(JSON.parse(text)) : {};
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json });
      }, reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function signature(
  { account, key }: RestEndpoint,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
): string {
  const [path = '', query = ''] = target.split('?');
  const parameters = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', value = ''] = pair.split('=');
      return `\n${decodeURIComponent(name).toLowerCase()}:${decodeURIComponent(value)}`;
    })
    .sort();
  const ofBatch = Object.keys(headers)
    .filter((name) => name.startsWith('ocp-'))
    .sort()
    .map((name) => `${name}:${headers[name]}`);
  const lines = [method, ...signedHeaders.map((name) => headers[name] ?? ''), ...ofBatch, `/${account}${path}`];
  return createHmac('sha256', Buffer.from(key, 'base64'))
    .update(lines.join('\n') + parameters.join(''))
    .digest('base64');
}
