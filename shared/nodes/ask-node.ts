// Asks a node about its files, or to delete one, and waits for the answer: nodes cannot be called, they only take messages.
// Knows neither paths nor resources. The caller makes sure that the node exists.
import { Buffer } from 'node:buffer';
import { delay } from '../clock.js';
import { BatchError } from '../errors.js';
import { cloudEventSchema } from '../events/cloud-event.js';
import { SessionLost, type SessionReceiver } from '../queues/bus.js';
import type { Services } from '../services.js';
import { unreachable } from '../unreachable.js';
import { inTurn } from './large-contents.js';
import { answerFolder } from './late-answers.js';
import type { Membership } from './node-keys.js';
import { sealedContentType } from './sealing.js';
import {
  fileReplySchema,
  messageTypes,
  nodeSession,
  type FileReply,
  type FileRequest,
  type NodeFile,
} from './node-messages.js';

export type FileQuestion = FileRequest['question'];
export type FileAnswer =
  | { readonly kind: 'list'; readonly files: readonly NodeFile[] }
  | { readonly kind: 'properties'; readonly file: NodeFile }
  | { readonly kind: 'content'; readonly file: NodeFile; readonly content: Uint8Array }
  | { readonly kind: 'deleted' };

/** A node that has not answered by then is not ready; the question itself lives no longer. */
export const answerWithinMs = 20_000;
/** The most that is read at once: the answer is held in memory. */
export const largestContentBytes = 64 * 1024 * 1024;

type AskServices = Pick<Services, 'bus' | 'blobs' | 'clock' | 'ids' | 'log' | 'sealing'>;
type Address = { readonly poolId: string; readonly nodeId: string };
/** The node with the keys that it joined with, and what it is asked. */
type Question = Address & { readonly membership: Membership | undefined; readonly question: FileQuestion };

const pauseAfterLossMs = 200;

const answerKinds = { list: 'list', properties: 'properties', read: 'content', delete: 'deleted' } as const;
const unusable = 'gave an answer that cannot be used';

/**
 * The node's answer to `question`. Throws FileNotFound, OperationInvalidForCurrentState and IOError for what cannot be deleted, InvalidRange (also for content over 64 MiB, which has to be read in
 * ranges), NodeNotReady when no usable answer came within 20 seconds, BusUnavailable when nothing could be asked.
 */
export async function askNode(
  services: AskServices,
  { poolId, nodeId, membership, question }: Question,
): Promise<FileAnswer> {
  const { bus, blobs, clock, ids, sealing } = services;
  const requestId = ids.uuid();
  const deadlineMs = clock.monotonicMs() + answerWithinMs;
  const blob = `${answerFolder}/${requestId}`;
  const uploadUrl = await blobs.urlFor(blob, 'write', answerWithinMs);
  const request: FileRequest = { requestId, poolId, nodeId, uploadUrl, question };
  await bus.send('node-orders', [
    {
      body: {
        specversion: '1.0',
        id: requestId,
        source: `/pools/${poolId}`,
        type: messageTypes.fileRequest,
        time: clock.now().toISOString(),
        datacontenttype: sealedContentType,
        data: await sealing.seal(request, membership),
      },
      messageId: requestId,
      sessionId: nodeSession(poolId, nodeId),
      timeToLiveMs: answerWithinMs,
    },
  ]);
  const reply = await awaitReply(services, { requestId, membership }, deadlineMs);
  if (reply === undefined) throw notReady({ poolId, nodeId }, `did not answer within ${answerWithinMs / 1000} seconds`);
  const answer = await toAnswer(services, reply, blob, { poolId, nodeId });
  if (answer.kind !== answerKinds[question.kind]) throw notReady({ poolId, nodeId }, unusable);
  return answer;
}

type Asked = { readonly requestId: string; readonly membership: Membership | undefined };

async function awaitReply(services: AskServices, asked: Asked, deadlineMs: number): Promise<FileReply | undefined> {
  const { bus, clock, log } = services;
  const { requestId } = asked;
  while (clock.monotonicMs() < deadlineMs) {
    // Always the same wait: the adapter keeps a connection per duration.
    const session = await bus.openSession('node-replies', requestId, answerWithinMs);
    try {
      const reply = session && (await receiveReply(services, session, asked, deadlineMs));
      if (reply !== undefined) return reply;
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      log.debug('reply session was lost', { requestId });
    } finally {
      await session?.close().catch((error: unknown) => log.debug('reply session was not closed', { requestId, error }));
    }
    if (clock.monotonicMs() < deadlineMs) await delay(clock, pauseAfterLossMs);
  }
  return undefined;
}

// Undefined when the time is up. A reply that cannot be read becomes a dead letter; a good one may still follow.
async function receiveReply(
  { clock, log, sealing }: AskServices,
  session: SessionReceiver,
  { requestId, membership }: Asked,
  deadlineMs: number,
): Promise<FileReply | undefined> {
  for (let leftMs = deadlineMs - clock.monotonicMs(); leftMs > 0; leftMs = deadlineMs - clock.monotonicMs()) {
    const message = await session.receive(leftMs);
    if (message === undefined) continue;
    const envelope = cloudEventSchema.safeParse(message.body);
    const signed = envelope.data?.data;
    const reply = fileReplySchema.safeParse(sealing.read(signed));
    const isOurs = reply.success && reply.data.requestId === requestId;
    if (!isOurs || (await sealing.verify(signed, membership)) !== 'signed') {
      await session.deadLetter(message, 'not a file reply of this node to this request');
      continue;
    }
    // The answer is in hand: failing to say so only leaves the message to its time to live.
    await session
      .complete(message)
      .catch((error: unknown) => log.debug('reply was not completed', { requestId, error }));
    return reply.data;
  }
  return undefined;
}

async function toAnswer(services: AskServices, reply: FileReply, blob: string, address: Address): Promise<FileAnswer> {
  const { answer } = reply;
  switch (answer.kind) {
    case 'list':
    case 'properties':
    case 'deleted':
      return answer;
    case 'content':
      return { kind: 'content', file: answer.file, content: Buffer.from(answer.base64, 'base64') };
    case 'uploaded':
      return toUploadedAnswer(answer, await inTurn(() => takeBlob(services, blob)), address);
    case 'notFound':
      throw new BatchError('FileNotFound', 'There is no such file on the node.');
    case 'invalidRange':
      throw invalidRange(`The range asked for does not lie within the file's ${answer.sizeBytes} bytes`);
    case 'tooLarge':
      throw invalidRange(
        `${answer.sizeBytes} bytes were asked for; at most ${answer.limitBytes} can be read at once, more in ranges (header ocp-range)`,
      );
    case 'notDeleted':
      throw notDeleted(answer.reason);
    default:
      return unreachable(answer);
  }
}

function toUploadedAnswer(
  { of, file }: FileReply['answer'] & { kind: 'uploaded' },
  content: Uint8Array | undefined,
  address: Address,
): FileAnswer {
  if (content !== undefined && content.byteLength <= largestContentBytes) {
    if (of === 'content' && file !== undefined) return { kind: 'content', file, content };
    const list = of === 'list' ? fileReplySchema.shape.answer.safeParse(parseJson(content)).data : undefined;
    if (list?.kind === 'list') return list;
  }
  throw notReady(address, unusable);
}

async function takeBlob({ blobs, log }: AskServices, blob: string): Promise<Uint8Array | undefined> {
  try {
    return await blobs.get(blob);
  } finally {
    await blobs.remove(blob).catch((error: unknown) => log.warn('one-use blob was not removed', { blob, error }));
  }
}

function parseJson(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content).toString('utf8'));
  } catch {
    // Not JSON is no list: the caller refuses it.
    return undefined;
  }
}

function notDeleted(reason: (FileReply['answer'] & { kind: 'notDeleted' })['reason']): BatchError {
  switch (reason) {
    case 'notEmpty':
      return new BatchError(
        'OperationInvalidForCurrentState',
        'The folder is not empty; with recursive=true it is deleted with all it holds.',
        { Reason: 'The folder is not empty' },
      );
    case 'inUse':
      return new BatchError(
        'OperationInvalidForCurrentState',
        'The folder belongs to the node itself, or to a task that has not ended on it; files in it can be deleted one by one.',
        { Reason: 'The folder is in use' },
      );
    case 'denied':
      return new BatchError('IOError', "The node's system does not allow to delete the file.");
    default:
      return unreachable(reason);
  }
}

function invalidRange(reason: string): BatchError {
  return new BatchError('InvalidRange', `${reason}.`, { Reason: reason });
}

function notReady({ poolId, nodeId }: Address, found: string): BatchError {
  return new BatchError('NodeNotReady', `Node '${nodeId}' of pool '${poolId}' ${found}; its files cannot be read now.`);
}
