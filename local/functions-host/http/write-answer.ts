// Answers on the wire: through Node's response where there is one, by hand on the connection where what came was no request.
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Answer } from './http-messages.js';
import type { AnswerForm } from './refusals.js';

/** How long a client that was refused by hand has to read why. */
const lingerMs = 2_000;

/** Writes the answer of `request`. Framing is the server's; a body goes only where HTTP allows one. */
export function writeAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  { form, isLast }: { form: AnswerForm; isLast: boolean },
): void {
  if (response.destroyed) return;
  const { status, headers, body } = answer;
  response.statusCode = status;
  const phrase = phraseOf(answer, form);
  if (phrase !== undefined) response.statusMessage = phrase;
  for (const [name, value] of Object.entries(headers)) {
    // A function's content-length stands for HEAD only, where there is no body to measure.
    if (!['transfer-encoding', 'content-length'].includes(name.toLowerCase())) response.setHeader(name, [value].flat());
  }
  const declared = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-length')?.[1];
  const mayDeclareLength = status !== 204 && status !== 304 && status >= 200;
  if (mayDeclareLength) {
    const useDeclared = request.method === 'HEAD' && body.length === 0 && typeof declared === 'string';
    response.setHeader('content-length', useDeclared ? declared : String(body.length));
  }
  if (isLast) response.setHeader('connection', 'close');
  response.end(request.method === 'HEAD' || !mayDeclareLength ? undefined : body);
}

/** Writes an answer on a connection that carries no request of Node's, and ends the connection. */
export function writeRawAnswer(socket: Duplex, answer: Answer, form: AnswerForm): void {
  if (!socket.writable) return void socket.destroy();
  const { status, headers, body } = answer;
  const lines = [
    `HTTP/1.1 ${status} ${phraseOf(answer, form) ?? STATUS_CODES[status] ?? ''}`,
    ...Object.entries(headers).flatMap(([name, values]) => [values].flat().map((value) => `${name}: ${value}`)),
    `content-length: ${body.length}`,
    'connection: close',
  ];
  socket.on('error', () => socket.destroy());
  if ('setTimeout' in socket && typeof socket.setTimeout === 'function')
    socket.setTimeout(lingerMs, () => socket.destroy());
  socket.resume();
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]));
}

// What may stand in a status line; the rest of a text is in the body anyway.
function phraseOf(answer: Answer, form: AnswerForm): string | undefined {
  const phrase = form
    .reasonPhrase(answer)
    ?.replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 256);
  return phrase === '' ? undefined : phrase;
}
