// Asking a node for files, against a bus and blobs in memory whose node the test plays, on a clock that waiting moves.
import { plainSealing } from '../../helpers/plain-sealing.js';
import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../shared/clock.js';
import { silentLog } from '../../../shared/log.js';
import { answerWithinMs, askNode, type FileQuestion } from '../../../shared/nodes/ask-node.js';
import { inTurn } from '../../../shared/nodes/large-contents.js';
import {
  fileRequestSchema,
  messageTypes,
  type FileReply,
  type FileRequest,
  type NodeFile,
} from '../../../shared/nodes/node-messages.js';
import {
  SessionLost,
  type OutgoingMessage,
  type ReceivedMessage,
  type SessionReceiver,
} from '../../../shared/queues/bus.js';

const file: NodeFile = {
  name: 'shared/a.txt',
  isDirectory: false,
  sizeBytes: 3,
  lastModified: '2026-01-01T00:00:00Z',
  fileMode: '0o100644',
};
const read: FileQuestion = { kind: 'read', path: 'shared/a.txt', from: 0 };

/** Time that passes whenever somebody waits for it. */
function createPassingClock(): Clock & { pass(ms: number): void } {
  let elapsedMs = 0;
  return {
    now: () => new Date(Date.UTC(2026, 0) + elapsedMs),
    monotonicMs: () => elapsedMs,
    schedule(delayMs, callback) {
      elapsedMs += delayMs;
      queueMicrotask(callback);
      return { cancel: () => undefined };
    },
    pass: (ms) => void (elapsedMs += ms),
  };
}

type Play = {
  /** The bodies that the node sends for a request; a FileReply's answer, or anything at all under `raw`. */
  readonly reply?: (request: FileRequest) => readonly (FileReply['answer'] | { readonly raw: unknown })[];
  readonly upload?: Uint8Array;
  /** How often the reply session is lost before a message comes. */
  readonly losses?: number;
  readonly isHeldByAnother?: boolean;
};

function createWorld({ reply = () => [], upload, losses = 0, isHeldByAnother = false }: Play) {
  const clock = createPassingClock();
  const orders: OutgoingMessage[] = [];
  const replies: ReceivedMessage[] = [];
  const settled: string[] = [];
  const blobs = new Map<string, Uint8Array>();
  let open = 0;
  let lossesLeft = losses;
  const session: SessionReceiver = {
    async receive(waitMs) {
      if (lossesLeft-- > 0) throw new SessionLost('gone');
      const next = replies.shift();
      if (next === undefined) clock.pass(waitMs);
      return next;
    },
    complete: async () => void settled.push('completed'),
    abandon: async () => void settled.push('abandoned'),
    deadLetter: async (_, reason) => void settled.push(reason),
    close: async () => void (open -= 1),
  };
  const services: Parameters<typeof askNode>[0] = {
    clock,
    log: silentLog,
    sealing: plainSealing,
    ids: { uuid: () => 'request-1', random: () => 0.5 },
    blobs: {
      put: async (name, content) => void blobs.set(name, content),
      get: async (name) => blobs.get(name),
      remove: async (name) => void blobs.delete(name),
      urlFor: async (name) => `http://blobs/${name}`,
      containerUrlFor: () => undefined,
      list: async () => [],
    },
    bus: {
      async send(_, messages) {
        orders.push(...messages);
        for (const { body } of messages) {
          const request = fileRequestSchema.parse(body.data);
          if (upload) blobs.set(request.uploadUrl.replace('http://blobs/', ''), upload);
          for (const answer of reply(request)) {
            const data = 'raw' in answer ? answer.raw : { requestId: request.requestId, answer };
            const envelope = { specversion: '1.0', id: '1', source: '/n', type: messageTypes.fileReply, data };
            replies.push({ body: envelope, messageId: '1', deliveryCount: 1 });
          }
        }
      },
      async openSession(queue, sessionId) {
        expect({ queue, sessionId }).toEqual({ queue: 'node-replies', sessionId: 'request-1' });
        if (isHeldByAnother) return undefined;
        open += 1;
        return session;
      },
      openNextSession: async () => undefined,
      close: async () => undefined,
    },
  };
  return {
    orders,
    settled,
    blobs,
    openSessions: () => open,
    ask: (question: FileQuestion = read) =>
      askNode(services, { poolId: 'P', nodeId: 'N', membership: undefined, question }),
  };
}

describe('asking a node', () => {
  it('sends one short-lived request to the node and gives its content back', async () => {
    const world = createWorld({
      reply: () => [{ kind: 'content', file, base64: Buffer.from('abc').toString('base64') }],
    });
    const answer = await world.ask();
    expect(answer).toMatchObject({ kind: 'content', file });
    expect(answer.kind === 'content' && Buffer.from(answer.content).toString()).toBe('abc');
    expect(world.orders).toMatchObject([
      {
        sessionId: 'P/N',
        messageId: 'request-1',
        timeToLiveMs: answerWithinMs,
        body: {
          type: messageTypes.fileRequest,
          data: { requestId: 'request-1', poolId: 'P', nodeId: 'N', question: read },
        },
      },
    ]);
    expect(world.settled).toEqual(['completed']);
    expect(world.openSessions()).toBe(0);
  });

  it('takes large content from the one-use blob and removes it', async () => {
    const upload = new Uint8Array(300_000).fill(7);
    const world = createWorld({ upload, reply: () => [{ kind: 'uploaded', of: 'content', file }] });
    expect(await world.ask()).toEqual({ kind: 'content', file, content: upload });
    expect(world.blobs.size).toBe(0);
  });

  it('takes no more than three large contents into memory at the same time', async () => {
    let [now, most] = [0, 0];
    const reads = Array.from({ length: 12 }, () =>
      inTurn(async () => {
        most = Math.max(most, (now += 1));
        await new Promise((resolve) => setImmediate(resolve));
        now -= 1;
      }),
    );
    await Promise.all([...reads, inTurn(() => Promise.reject(new Error('lost'))).catch(() => undefined)]);
    expect([now, most]).toEqual([0, 3]);
  });

  it('takes a large list from the one-use blob and removes it', async () => {
    const list = { kind: 'list', files: [file] } as const;
    const world = createWorld({
      upload: Buffer.from(JSON.stringify(list)),
      reply: () => [{ kind: 'uploaded', of: 'list' }],
    });
    expect(await world.ask({ kind: 'list', directory: '', recursive: true })).toEqual(list);
    expect(world.blobs.size).toBe(0);
  });

  it.each<[string, FileReply['answer'], string]>([
    ['is not there', { kind: 'notFound' }, 'FileNotFound'],
    ['is shorter than the range', { kind: 'invalidRange', sizeBytes: 3 }, 'InvalidRange'],
    ['is too large to be read at once', { kind: 'tooLarge', sizeBytes: 1e9, limitBytes: 1e6 }, 'InvalidRange'],
  ])('refuses a file that %s', async (_, answer, code) => {
    await expect(createWorld({ reply: () => [answer] }).ask()).rejects.toMatchObject({ code });
  });

  it.each<[string, FileReply['answer'], string]>([
    ['is not there', { kind: 'notFound' }, 'FileNotFound'],
    ['is a folder with something in it', { kind: 'notDeleted', reason: 'notEmpty' }, 'OperationInvalidForCurrentState'],
    ['is in use', { kind: 'notDeleted', reason: 'inUse' }, 'OperationInvalidForCurrentState'],
    ['the system keeps', { kind: 'notDeleted', reason: 'denied' }, 'IOError'],
  ])('does not delete what %s', async (_, answer, code) => {
    const world = createWorld({ reply: () => [answer] });
    await expect(world.ask({ kind: 'delete', path: 'shared/a.txt', recursive: false })).rejects.toMatchObject({ code });
  });

  it('gives up after 20 seconds without an answer', async () => {
    const world = createWorld({});
    await expect(world.ask()).rejects.toMatchObject({ code: 'NodeNotReady' });
    expect(world.openSessions()).toBe(0);
  });

  it('gives up after 20 seconds when another holds its reply session', async () => {
    await expect(createWorld({ isHeldByAnother: true }).ask()).rejects.toMatchObject({ code: 'NodeNotReady' });
  });

  it('opens the reply session again when it was lost', async () => {
    const world = createWorld({ losses: 2, reply: () => [{ kind: 'properties', file }] });
    expect(await world.ask({ kind: 'properties', path: 'shared/a.txt' })).toEqual({ kind: 'properties', file });
    expect(world.openSessions()).toBe(0);
  });

  it('puts a reply aside that it cannot read and waits for a good one', async () => {
    const world = createWorld({
      reply: () => [
        { raw: 'nonsense' },
        { raw: { requestId: 'other', answer: { kind: 'notFound' } } },
        { kind: 'properties', file },
      ],
    });
    expect(await world.ask({ kind: 'properties', path: 'shared/a.txt' })).toMatchObject({ kind: 'properties' });
    expect(world.settled).toEqual([
      'not a file reply of this node to this request',
      'not a file reply of this node to this request',
      'completed',
    ]);
  });

  it.each<[string, Play]>([
    ['to another question', { reply: () => [{ kind: 'list', files: [] }] }],
    ['in a blob that is not there', { reply: () => [{ kind: 'uploaded', of: 'content', file }] }],
    [
      'in a blob without saying of which file',
      { upload: Buffer.from('x'), reply: () => [{ kind: 'uploaded', of: 'content' }] },
    ],
    ['in a blob that is no list', { upload: Buffer.from('x'), reply: () => [{ kind: 'uploaded', of: 'list' }] }],
  ])('takes a node for not ready that answers %s', async (_, play) => {
    const world = createWorld(play);
    await expect(world.ask()).rejects.toMatchObject({ code: 'NodeNotReady' });
    expect(world.blobs.size).toBe(0);
  });
});
