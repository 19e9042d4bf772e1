// Nodes that answer questions about files at once, from a few files that they all have.
import { fileRequestSchema, messageTypes, type FileReply, type FileRequest } from '../../shared/nodes/node-messages.js';
import type { OutgoingMessage, ReceivedMessage, SessionReceiver } from '../../shared/queues/bus.js';

const file = { name: 'shared/a.txt', isDirectory: false, sizeBytes: 10, lastModified: '2026-01-01T00:00:00Z' };
const folder = { name: 'shared', isDirectory: true };

export type AnsweringNodes = {
  /** Whether the message was a question; it is answered then. */
  answer(message: OutgoingMessage): boolean;
  session(requestId: string): SessionReceiver;
};

export function createAnsweringNodes(): AnsweringNodes {
  const replies = new Map<string, ReceivedMessage>();
  return {
    answer({ body }) {
      if (body.type !== messageTypes.fileRequest) return false;
      const request = fileRequestSchema.parse(body.data);
      const { requestId } = request;
      const data: FileReply = { requestId, answer: answerTo(request.question) };
      replies.set(requestId, {
        body: { specversion: '1.0', id: requestId, source: '/node', type: messageTypes.fileReply, data },
        ...{ messageId: requestId, deliveryCount: 1 },
      });
      return true;
    },
    session: (requestId) => ({
      receive: () => Promise.resolve(replies.get(requestId)),
      complete: () => Promise.resolve(void replies.delete(requestId)),
      abandon: () => Promise.resolve(),
      deadLetter: () => Promise.resolve(),
      close: () => Promise.resolve(),
    }),
  };
}

function answerTo(question: FileRequest['question']): FileReply['answer'] {
  switch (question.kind) {
    case 'list':
      return { kind: 'list', files: [folder, file, { ...file, name: 'shared/ü b%.txt' }] };
    case 'properties':
      return question.path.endsWith('.txt') ? { kind: 'properties', file } : { kind: 'notFound' };
    case 'read':
      if (question.path.endsWith('huge.txt')) return { kind: 'tooLarge', sizeBytes: 3e8, limitBytes: 2 ** 26 };
      if (question.from >= 10) return { kind: 'invalidRange', sizeBytes: 10 };
      return question.path.endsWith('.txt')
        ? { kind: 'content', file, base64: Buffer.from('0123456789').toString('base64') }
        : { kind: 'notFound' };
    case 'delete':
      if (question.path.endsWith('shared')) return { kind: 'notDeleted', reason: 'inUse' };
      return question.path.endsWith('.txt') ? { kind: 'deleted' } : { kind: 'notFound' };
  }
}
