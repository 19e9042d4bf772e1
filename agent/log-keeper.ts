// Sees to it that the output of runs gets to the job's container, beside everything else: a job waits for it no longer than a few seconds, a
// node that is shut down takes a last moment, and what was not sent when the agent died is sent by the next one.
import type { AgentWorld } from './agent-context.js';
import { DownloadRefused } from './downloads.js';
import type { NodeTime } from './instant.js';
import type { Journal } from './journal.js';
import { logUploadGivenUpMs, type LogUpload } from './kept-log.js';
import { sendLogs } from './send-logs.js';
import { backOffMs, pause, untilDone } from './waiting.js';

export type LogKeeper = {
  /** Sends once, waiting for no more than `ms`; true: all of it is there. */
  sendWithin(upload: LogUpload, ms: number): Promise<boolean>;
  /** An upload is journaled and to be done in the background. */
  note(upload: LogUpload): void;
  /** Whether the URL that is known for this job has not been refused. */
  isTargetGood(incarnation: string): boolean;
  /** A URL has come for this job: what waited for one goes on. */
  targetCame(incarnation: string): void;
  /** Jobs with output to send and no URL that is good for it. */
  withoutTarget(): readonly { readonly jobId: string; readonly incarnation: string }[];
  /** Tries what is waiting once more, of one job or of all, for no more than `ms`. */
  flush(ms: number, incarnation?: string): Promise<void>;
};

type Keeping = AgentWorld & {
  readonly time: NodeTime;
  readonly journal: Journal;
  readonly stop: AbortSignal;
  /** A report is due: the controller is to be asked for a URL. */
  readonly ask: () => void;
};

const atOnce = 4;
const longestPauseMs = 60_000;
const longestAskingPauseMs = 15 * 60_000;

export function createLogKeeper(keeping: Keeping): LogKeeper {
  const { journal, clock, log, stop, time } = keeping;
  const sending = new Map<string, Promise<boolean>>();
  // Jobs whose URL was refused: another one is needed.
  const refused = new Set<string>();
  const wakes = new Map<string, () => void>();
  const queue: (() => void)[] = [];
  let busy = 0;

  const urlOf = ({ incarnation }: LogUpload): string | undefined =>
    refused.has(incarnation) ? undefined : journal.logTargets.get(incarnation)?.url;
  const inTurn = async (work: () => Promise<void>): Promise<void> => {
    if (busy >= atOnce) await new Promise<void>((resolve) => queue.push(resolve));
    busy += 1;
    try {
      await work();
    } finally {
      busy -= 1;
      queue.shift()?.();
    }
  };
  const sendOnce = async (upload: LogUpload): Promise<boolean> => {
    const url = urlOf(upload);
    if (url === undefined) return false;
    try {
      await inTurn(() => sendLogs(keeping, upload, url));
      return true;
    } catch (error) {
      if (error instanceof DownloadRefused) refused.add(upload.incarnation);
      log.warn('output of a run was not kept and is sent again', { jobId: upload.jobId, taskId: upload.taskId, error });
      return false;
    }
  };
  // One at a time per run, whoever asks.
  const send = (upload: LogUpload): Promise<boolean> => {
    const known = sending.get(upload.runId);
    if (known !== undefined) return known;
    const sent = sendOnce(upload).finally(() => sending.delete(upload.runId));
    sending.set(upload.runId, sent);
    return sent;
  };
  const settle = (upload: LogUpload): Promise<void> =>
    untilDone(() => journal.removeLogUploads([upload.runId]), { ...keeping, what: 'sent output was journaled' });

  const keep = async (upload: LogUpload): Promise<void> => {
    for (let failures = 0; !stop.aborted; failures += 1) {
      if (!journal.logUploads.has(upload.runId)) return;
      if (await send(upload)) return settle(upload);
      if (time.ageMs(upload.since) > logUploadGivenUpMs) {
        log.warn('output of a run was given up', { jobId: upload.jobId, taskId: upload.taskId });
        return settle(upload);
      }
      const isAsking = urlOf(upload) === undefined;
      if (isAsking) keeping.ask();
      const pauseMs = backOffMs(failures) * 2 ** Math.min(Math.max(0, failures - 6), 10);
      await pauseOrWake(upload.runId, Math.min(pauseMs, isAsking ? longestAskingPauseMs : longestPauseMs));
    }
  };
  const pauseOrWake = async (runId: string, ms: number): Promise<void> => {
    const wake = new AbortController();
    wakes.set(runId, () => wake.abort(new Error('A URL has come')));
    // Whatever ends the pause, the loop looks for itself.
    await pause(clock, ms, [wake.signal, stop]).catch(() => undefined);
    wakes.delete(runId);
  };
  const within = async (ms: number, work: Promise<unknown>, signals: readonly AbortSignal[] = []): Promise<void> => {
    const over = new AbortController();
    const isOver = (): void => over.abort(new Error('It is done'));
    work.then(isOver, isOver);
    // Done, too late or stopped: whoever asked goes on.
    await pause(clock, ms, [over.signal, ...signals]).catch(() => undefined);
  };
  const note = (upload: LogUpload): void => {
    // Only the agent's end breaks it off, and the next agent goes on.
    keep(upload).catch((error: unknown) => {
      if (!stop.aborted) log.error('output of a run is not sent any more', { taskId: upload.taskId, error });
    });
  };
  for (const upload of journal.logUploads.values()) note(upload);
  return {
    note,
    async sendWithin(upload, ms) {
      let isSent = false;
      await within(
        ms,
        send(upload).then((sent) => (isSent = sent)),
        [stop],
      );
      return isSent;
    },
    isTargetGood: (incarnation) => !refused.has(incarnation),
    targetCame(incarnation) {
      refused.delete(incarnation);
      for (const upload of journal.logUploads.values())
        if (upload.incarnation === incarnation) wakes.get(upload.runId)?.();
    },
    withoutTarget: () => [
      ...new Map(
        [...journal.logUploads.values()]
          .filter((upload) => urlOf(upload) === undefined)
          .map(({ jobId, incarnation }) => [incarnation, { jobId, incarnation }]),
      ).values(),
    ],
    async flush(ms, incarnation) {
      const waiting = [...journal.logUploads.values()].filter(
        (upload) => incarnation === undefined || upload.incarnation === incarnation,
      );
      const all = waiting.map(async (upload) => {
        if (await send(upload)) await journal.removeLogUploads([upload.runId]);
      });
      await within(ms, Promise.allSettled(all));
    },
  };
}
