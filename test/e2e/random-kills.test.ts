// The article's sample, played again and again on one stack while its parts are killed at instants that nobody chose: what no list of points
// thinks of. Azurite is left alone, which keeps the last seconds in memory (local/README.md).
// Runs where BOOKEND_RANDOM_KILL_ROUNDS says how many times; BOOKEND_RANDOM_KILL_SEED draws the same kills again.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStack, type Stack } from '../../local/stack.js';
import { playSample } from '../../samples/job-prep-release/play.js';
import { articleOptions } from '../../samples/job-prep-release/scene.js';
import { systemClock } from '../../shared/clock.js';
import { silentLog } from '../../shared/log.js';
import { keepArtefacts } from '../helpers/artefacts.js';
import { connectChecked, startCheckedEndpoint, type CheckedEndpoint } from '../helpers/checked-endpoint.js';
import type { CheckingProxy } from '../helpers/checking-proxy.js';
import { createRandom, type Random } from '../simulation/core/random.js';

const rounds = Number(process.env['BOOKEND_RANDOM_KILL_ROUNDS'] ?? 0);
const seed = Number(process.env['BOOKEND_RANDOM_KILL_SEED'] ?? Date.now() % 1_000_000);

const parts = ['functions-host', 'service-bus', 'agent'] as const;
/** What a round without a kill takes, roughly; kills that come later come to nothing. */
const roundMs = 2_500;
/** A bound, not an expectation: no wait of the product is this long. */
const roundWithinMs = 120_000;

type Kill = { readonly part: string; readonly afterMs: number; readonly which: number };

function drawKills(random: Random): Kill[] {
  return Array.from({ length: random.int(1, 3) }, () => ({
    part: random.pick(parts),
    afterMs: random.int(0, roundMs),
    which: random.next(),
  }));
}

describe.skipIf(rounds === 0)(`parts killed at any instant (seed ${seed})`, () => {
  let stack: Stack;
  let endpoint: CheckedEndpoint;
  let proxy: CheckingProxy;
  beforeAll(async () => {
    stack = await startStack({ log: silentLog, programLogLevel: 'info' });
    ({ endpoint, proxy } = await startCheckedEndpoint(stack));
  });
  afterAll(async () => {
    await stack.stop();
    await proxy.stop();
  });

  /** Kills one of the processes of that part, if one is up. Returns its name. */
  const kill = ({ part, which }: Kill): string | undefined => {
    const up = Object.entries(stack.processes()).filter(([name]) => name.startsWith(part));
    const [name, pid] = up[Math.floor(which * up.length)] ?? [];
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    return name;
  };

  it.each(Array.from({ length: rounds }, (_, round) => round))(
    'round %i: every task runs once, and the job and its pool come to their end',
    async (round) => {
      const history: string[] = [];
      const note = (what: string): void => void history.push(`${systemClock.now().toISOString()} ${what}`);
      const timers = drawKills(createRandom(seed, `round ${round}`)).map((each) =>
        systemClock.schedule(each.afterMs, () => note(`killed: ${kill(each) ?? `nobody, no ${each.part} was up`}`)),
      );
      const tasks: string[] = [];
      const io = {
        print(line: string) {
          note(line);
          // The file of a node, whole: a line for each time that a task ran there.
          tasks.push(...(line.match(/task\d{3}$/gm) ?? []));
        },
        progress: () => undefined,
        ask: async () => true,
        pause: async () => undefined,
      };
      const giveUp = AbortSignal.timeout(roundWithinMs - 10_000);
      try {
        await playSample(await connectChecked(endpoint), io, { ...articleOptions, signal: giveUp });
        expect(tasks.sort()).toEqual(Array.from({ length: 8 }, (_, index) => `task00${index + 1}`));
      } catch (error) {
        await keepArtefacts(`random kills ${seed} round ${round}`, {
          texts: { 'history.txt': history.join('\n') },
          directories: [stack.dataDir],
        });
        throw error;
      } finally {
        for (const timer of timers) timer.cancel();
      }
    },
    roundWithinMs,
  );
});
