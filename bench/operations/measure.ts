// Takes a stack through phases: what was counted from one silence to the next, by the clients and by the broker itself.
import { systemClock } from '../../shared/clock.js';
import type { Stack } from '../../local/stack.js';
import { waitFor } from '../../samples/job-prep-release/requests.js';
import { askBroker, type BrokerCounts } from './broker-counts.js';
import type { Tally } from './operation.js';
import type { Phase, ScenarioResult } from './scenario.js';
import { silentTally, since } from './tally.js';

export type PhaseFacts = Pick<Phase, 'work' | 'nodeHours'> & { readonly isBulk?: boolean };
export type Measure = {
  /** Plays a phase to its end and to silence; `play` tells what was done in it. */
  phase(name: string, play: () => Promise<PhaseFacts>): Promise<void>;
  result(): ScenarioResult;
};

/** Begins at the first silence of a stack that is up. */
export async function beginMeasure(stack: Stack, counts: string): Promise<Measure> {
  const phases: Phase[] = [];
  let before = await look(stack, counts);
  return {
    async phase(name, play) {
      const startMs = systemClock.monotonicMs();
      const { isBulk = false, ...facts } = await play();
      const durationMs = Math.round(systemClock.monotonicMs() - startMs);
      const after = await look(stack, counts);
      const tally = Object.fromEntries(since(before.tally, after.tally));
      phases.push({ name, isBulk, durationMs, tally, broker: difference(before.broker, after.broker), ...facts });
      before = after;
    },
    result: () => ({ tableHost: tableHostOf(stack), phases }),
  };
}

async function look(stack: Stack, counts: string): Promise<{ tally: Tally; broker: BrokerCounts }> {
  const tally = await silentTally(counts);
  const pid = stack.processes()['service-bus'];
  if (pid === undefined) throw new Error('The broker is down');
  const broker = await askBroker(counts, pid, async (once) => {
    const found = await waitFor({
      what: "the broker's own counts",
      withinMs: 10_000,
      everyMs: 20,
      look: once,
      isReached: (answer) => answer !== undefined,
      describe: () => 'no answer',
    });
    if (found === undefined) throw new Error('The broker did not answer');
    return found;
  });
  return { tally, broker };
}

function difference(before: BrokerCounts, after: BrokerCounts): BrokerCounts {
  return {
    send: after.send - before.send,
    receive: after.receive - before.receive,
    settle: after.settle - before.settle,
    renew: after.renew - before.renew,
  };
}

function tableHostOf({ connectionStrings }: Stack): string {
  const endpoint = /TableEndpoint=([^;]+)/.exec(connectionStrings.storage)?.[1] ?? '';
  return new URL(endpoint).host;
}
