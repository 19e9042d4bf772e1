// Sends reports: numbers them so that no number is used twice, whatever happens to the agent, and remembers what each one told.
import {
  busyReportIntervalMs,
  messageTypes,
  poolSession,
  presenceIntervalMs,
  type NodeFault,
} from '../shared/nodes/node-messages.js';
import { sealedContentType } from '../shared/nodes/sealing.js';
import type { AgentWorld } from './agent-context.js';
import { sourceOf } from './identity.js';
import type { NodeTime } from './instant.js';
import type { Journal } from './journal.js';
import type { NodeRecord } from './node-record.js';
import { buildReport, reportMessageId } from './report-decisions.js';
import { startReporter, type Reporter } from './reporter.js';

// Numbers are reserved in the journal this many at a time; a crash leaves a gap.
const reservedAtOnce = 100;
// A sign of life comes before its bound, so that a slow broker does not make a living node suspect.
const presenceShare = 0.8;

export type ReportSender = {
  readonly reporter: Reporter;
  /** Number of the first report since this agent started that carried a run's end. */
  readonly endReportedIn: ReadonlyMap<string, number>;
};

export function createReportSender(
  agent: AgentWorld & {
    readonly time: NodeTime;
    readonly journal: Journal;
    node(): NodeRecord;
    faults(): readonly NodeFault[];
    jobsWithoutLogTarget(): readonly { readonly jobId: string; readonly incarnation: string }[];
  },
): ReportSender {
  const { journal, bus, clock, identity, log } = agent;
  const endReportedIn = new Map<string, number>();
  // Whatever an earlier agent reserved may have been used.
  let sequence = agent.node().reservedSequence;
  const isBusy = (): boolean => [...journal.pending.values()].some((run) => run.state.name !== 'ended');

  const reporter = startReporter({
    clock,
    log,
    presenceMs: () => (isBusy() ? busyReportIntervalMs : presenceIntervalMs) * presenceShare,
    async prepare() {
      if (sequence < agent.node().reservedSequence) return;
      const reservedSequence = sequence + reservedAtOnce;
      await journal.updateNode((node) => ({ ...node, reservedSequence }));
    },
    async send() {
      sequence += 1;
      const node = agent.node();
      const pending = journal.pending.values();
      const told = endReportedIn;
      const { report, ends, isPartial } = buildReport({
        identity,
        node,
        poolIncarnation: agent.seal.poolIncarnation(),
        pending,
        sequence,
        told,
        time: agent.time,
        faults: agent.faults(),
        jobsWithoutLogTarget: agent.jobsWithoutLogTarget(),
      });
      for (const runId of endReportedIn.keys()) if (!journal.pending.has(runId)) endReportedIn.delete(runId);
      for (const runId of ends) if (!endReportedIn.has(runId)) endReportedIn.set(runId, sequence);
      const messageId = reportMessageId(identity, node.epoch, sequence);
      await bus.send('job-events', [
        {
          messageId,
          sessionId: poolSession(identity.poolId),
          body: {
            specversion: '1.0',
            id: messageId,
            source: sourceOf(identity),
            type: messageTypes.report,
            time: report.nodeTime,
            datacontenttype: sealedContentType,
            data: await agent.seal.sign(report),
          },
        },
      ]);
      log.debug('report was sent', { epoch: node.epoch, sequence, runs: report.runs.length });
      return isPartial;
    },
  });
  return { reporter, endReportedIn };
}
