// Takes file requests and sends their answers, a few at a time and beside everything else the agent does.
import type { AgentWorld } from './agent-context.js';
import { answerFileRequest } from './answer-file-request.js';
import { sourceOf } from './identity.js';
import { sealedContentType } from '../shared/nodes/sealing.js';
import { messageTypes, type FileReply, type FileRequest } from '../shared/nodes/node-messages.js';

// Each may hold a file of 64 MiB in memory.
const atOnce = 2;
// Nobody waits longer than twenty seconds for an answer, so a longer queue would be answered in vain.
const mostWaiting = 100;
const replyTimeToLiveMs = 60_000;

export type FileDesk = { take(request: FileRequest): void };

export function createFileDesk(world: AgentWorld, stop: AbortSignal): FileDesk {
  const waiting: FileRequest[] = [];
  let working = 0;
  const work = async (request: FileRequest): Promise<void> => {
    try {
      await sendReply(world, { requestId: request.requestId, answer: await answerFileRequest(world, request) });
    } catch (error) {
      // Whoever asked is told by the silence.
      world.log.warn('file request was not answered', { requestId: request.requestId, error });
    }
    working -= 1;
    next();
  };
  const next = (): void => {
    while (working < atOnce && !stop.aborted) {
      const request = waiting.shift();
      if (request === undefined) return;
      working += 1;
      void work(request);
    }
  };
  return {
    take(request) {
      if (waiting.length >= mostWaiting) {
        world.log.warn('file request was dropped', { requestId: request.requestId });
        return;
      }
      waiting.push(request);
      next();
    },
  };
}

async function sendReply({ bus, clock, identity, seal }: AgentWorld, reply: FileReply): Promise<void> {
  await bus.send('node-replies', [
    {
      messageId: reply.requestId,
      sessionId: reply.requestId,
      timeToLiveMs: replyTimeToLiveMs,
      body: {
        specversion: '1.0',
        id: reply.requestId,
        source: sourceOf(identity),
        type: messageTypes.fileReply,
        time: clock.now().toISOString(),
        datacontenttype: sealedContentType,
        data: await seal.sign(reply),
      },
    },
  ]);
}
