// The agent's core, put together: joins, takes orders, runs them, reports. Knows its world by interfaces only, so the same core runs on a
// machine and, on virtual time, in a simulator.
import type { AgentContext, AgentWorld } from './agent-context.js';
import { foldersOfRuns } from './delete-file.js';
import { createFileDesk } from './file-desk.js';
import { startDiskWatch } from './disk-watch.js';
import { startFolderKeeper } from './folder-keeper.js';
import { createNodeTime } from './instant.js';
import { joinNode } from './join-node.js';
import { killTree } from './kill-tree.js';
import { loadJournal } from './journal.js';
import { createOrderBook } from './order-book.js';
import { receiveOrders } from './receive-orders.js';
import { createReportSender } from './report-sender.js';
import { createRunKeeper } from './run-keeper.js';
import { startHousekeeping } from './housekeeping.js';
import { createLogKeeper } from './log-keeper.js';
import { settleExited } from './settle-exited.js';
import { AgentStopped } from './waiting.js';

export type Agent = {
  /** Resolves once the agent holds nothing any more. */
  readonly stopped: Promise<void>;
  /** Ends this boot of the node: kills all its processes and journals that the boot ended. Done within 5 seconds. */
  shutdown(): Promise<void>;
  /** Lets go of everything at once, journaling nothing: what runs lives on and is adopted by the next agent. */
  detach(): Promise<void>;
};

const shutdownGraceMs = 1_500;
const settleBoundMs = 1_000;
const killBoundMs = 3_000;
// Of a node that is taken away, whatever is not sent by then is lost.
const lastUploadsMs = 2_000;

/** Joins the node to its pool. Resolves once it takes orders; rejects when journal or root cannot be used. */
export async function startAgent(world: AgentWorld): Promise<Agent> {
  const { clock, log, processes } = world;
  const stopping = new AbortController();
  const time = createNodeTime(clock, await processes.machine());
  const journal = await loadJournal(world.disk, log);
  await joinNode({ ...world, time, journal, stop: stopping.signal });

  const node = (): NonNullable<ReturnType<typeof journal.node>> => {
    const record = journal.node();
    if (record === undefined) throw new Error('The node has no record although it has joined');
    return record;
  };
  const folders = startFolderKeeper({ ...world, time, journal });
  const logs = createLogKeeper({
    ...world,
    ...{ time, journal, stop: stopping.signal },
    ask: () => reports.reporter.request(0),
  });
  const diskWatch = startDiskWatch(world, () => reports.reporter.request(0));
  const { faults } = diskWatch;
  const reports = createReportSender({
    ...world,
    time,
    journal,
    node,
    faults,
    jobsWithoutLogTarget: logs.withoutTarget,
  });
  const agent: AgentContext = {
    ...world,
    time,
    journal,
    node,
    reporter: reports.reporter,
    folders,
    logs,
    stop: stopping.signal,
    endRun: (runId, ending) => keeper.end(runId, ending),
    advance: () => keeper.advance(),
  };
  const keeper = createRunKeeper(agent);
  const orders = createOrderBook(agent, reports.endReportedIn);
  const desk = createFileDesk(
    { ...world, heldFolders: () => foldersOfRuns(journal.pending.values()) },
    stopping.signal,
  );

  keeper.adopt();
  keeper.advance();
  reports.reporter.request(0);
  const housekeeping = startHousekeeping(agent);
  const receiving = receiveOrders({
    ...world,
    stop: stopping.signal,
    handlers: {
      acceptOrder: orders.accept,
      answerFileRequest: desk.take,
      onRegained: () => reports.reporter.request(0),
      // Only once the controller knows these keys again does it trust a report of them.
      onOtherKey: () => void world.rejoin().then(() => reports.reporter.request(0)),
    },
  });
  const letGo = async (): Promise<void> => {
    stopping.abort(new AgentStopped('The agent is stopping'));
    housekeeping.stop();
    folders.stop();
    diskWatch.stop();
    reports.reporter.stop();
    await keeper.settled();
  };
  let ending: Promise<void> | undefined;
  return {
    stopped: receiving.then(() => ending),
    detach: () => (ending ??= letGo()),
    shutdown() {
      ending ??= (async () => {
        await letGo();
        await withinBound(world, settleBoundMs, 'ends before a shutdown were not journaled', (bound) =>
          settleExited({ ...world, time, journal }, bound),
        );
        await journal.updateNode((last) => ({ ...last, wasShutDown: true }));
        await Promise.all([killNode(world), logs.flush(lastUploadsMs)]);
        log.info('node was shut down');
      })();
      return ending;
    },
  };
}

// The next start is a new epoch, which sweeps once more.
async function killNode(world: AgentWorld): Promise<void> {
  await withinBound(world, killBoundMs, 'processes outlived the shutdown', (signal) =>
    killTree(world, [{ kind: 'node' }], { graceMs: shutdownGraceMs, signal }),
  );
}

/** A step of the shutdown; one that fails or takes too long is told, and the next step follows. */
async function withinBound(
  { clock, log }: AgentWorld,
  boundMs: number,
  otherwise: string,
  step: (bound: AbortSignal) => Promise<void>,
): Promise<void> {
  const bound = new AbortController();
  const timer = clock.schedule(boundMs, () => bound.abort(new AgentStopped('The shutdown took too long')));
  try {
    await step(bound.signal);
  } catch (error) {
    log.warn(otherwise, { error });
  } finally {
    timer.cancel();
  }
}
