// Takes file requests and sends their answers, a few at a time and beside everything else the agent does.
import type { AgentWorld } from './agent-context.js';
import { answerFileRequest, type FileWorld } from './answer-file-request.js';
import { sourceOf } from './identity.js';
import { sealedContentType } from '../shared/nodes/sealing.js';
import { messageTypes, type FileReply, type FileRequest } from '../shared/nodes/node-messages.js';

// Each may hold a file of 64 MiB in memory.
const atOnce = 2;
// Nobody waits longer than twenty seconds for an answer, so a longer queue would be answered in vain.
const mostWaiting = 100;
const replyTimeToLiveMs = 60_000;
// Nobody waits for longer, and what was deleted after that might be something newer.
const deleteWithinMs = 20_000;
// A message that comes twice comes so within its time to live.
const mostRemembered = 1_000;

export type FileDesk = { take(request: FileRequest): void };

type DeskWorld = AgentWorld & Pick<FileWorld, 'heldFolders'>;

export function createFileDesk(world: DeskWorld, stop: AbortSignal): FileDesk {
  const waiting: FileRequest[] = [];
  const deletes = new Map<string, { readonly takenMs: number; answer?: Promise<FileReply['answer']> }>();
  let working = 0;
  // A message may come twice. To delete twice would take what was written in between, and tell whoever asked that there was nothing.
  const answerOnce = async (request: FileRequest): Promise<FileReply['answer'] | undefined> => {
    const taken = deletes.get(request.requestId);
    if (taken === undefined) return answerFileRequest(world, request);
    if (taken.answer === undefined && world.clock.monotonicMs() - taken.takenMs > deleteWithinMs) {
      world.log.warn('file was not deleted: the request had waited too long', { requestId: request.requestId });
      return undefined;
    }
    return (taken.answer ??= answerFileRequest(world, request));
  };
  const work = async (request: FileRequest): Promise<void> => {
    try {
      const answer = await answerOnce(request);
      if (answer !== undefined) await sendReply(world, { requestId: request.requestId, answer });
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
      if (request.question.kind === 'delete' && !deletes.has(request.requestId)) {
        deletes.set(request.requestId, { takenMs: world.clock.monotonicMs() });
        for (const requestId of [...deletes.keys()].slice(0, -mostRemembered)) deletes.delete(requestId);
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
