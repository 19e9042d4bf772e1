// Applies orders: journal first, then, once the message is completed, the effects.
import type { Order } from '../shared/nodes/node-messages.js';
import type { AgentContext } from './agent-context.js';
import { decideOutrank } from './join-decisions.js';
import { decideOrder, mustOutrank } from './order-decisions.js';
import { imageMarkerPath } from './task-paths.js';

export type OrderBook = {
  /** Resolves once the order is durable, with what is to be done after its message is completed. */
  accept(order: Order): Promise<() => void>;
};

/** `endReportedIn`: number of the first report of this epoch that carried a run's end. */
export function createOrderBook(agent: AgentContext, endReportedIn: ReadonlyMap<string, number>): OrderBook {
  const { journal, log, reporter, processes } = agent;

  const outrank = async (knownEpoch: number): Promise<void> => {
    const raised = await journal.updateNode((node) => decideOutrank(node, knownEpoch, agent.time.now()));
    const marker = { imageId: raised.imageId, epoch: raised.epoch };
    await agent.disk.writeText(imageMarkerPath, JSON.stringify(marker));
    log.warn('epoch was raised above the one the controller knew', { epoch: raised.epoch, knownEpoch });
  };
  return {
    async accept(order) {
      const logTargets = agent.logs.isTargetGood(order.incarnation) ? journal.logTargets : new Map();
      const seen = { ...journal, logTargets, node: agent.node(), endReportedIn };
      const decision = decideOrder(order, seen, agent.time.now());
      if (decision.kind === 'refused') {
        if (mustOutrank(order, agent.node())) await outrank(order.epoch);
        log.info('order was refused', { jobId: order.jobId, epoch: order.epoch });
        return () => reporter.request(0);
      }
      await journal.save(decision);
      return () => {
        reporter.request(decision.isReportDue ? 0 : order.acknowledgeWithinMs / 2);
        for (const { runId, failure } of decision.kills) agent.endRun(runId, { ending: 'killed', failure });
        agent.advance();
        for (const { incarnation } of decision.logTargets) agent.logs.targetCame(incarnation);
        for (const run of decision.runs)
          if (run.state.name === 'ended' && run.state.acknowledged)
            processes
              .forget(run.runId)
              .catch((error: unknown) => log.warn('tries of a run were not removed', { runId: run.runId, error }));
      };
    },
  };
}
