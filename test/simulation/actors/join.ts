// Joining as an agent does it over HTTP: the verb runs on an instance of its own, the answer may be lost on the way or come too late.
import type { NodeSeal } from '../../../agent/node-seal.js';
import { BatchError } from '../../../shared/errors.js';
import { joinNode } from '../../../shared/nodes/join-node.js';
import type { JoinAnswer } from '../../../shared/nodes/node-keys.js';
import { withinTime } from '../../../shared/rest/within-time.js';
import { clockOn } from '../core/scheduler.js';
import { createLife, type Life } from '../core/life.js';
import type { World } from '../core/world.js';
import { toJoinToken } from '../models/sim-sealing.js';

export type Joiner = {
  readonly poolId: string;
  readonly nodeId: string;
  readonly life: Life;
  isSilent(): boolean;
  joinKey(): string | undefined;
};

const answerWithinMs = 30_000;
export function simJoin(world: World, joiner: Joiner): (seal: NodeSeal) => Promise<JoinAnswer> {
  const { sim } = world;
  const { poolId, nodeId, life } = joiner;
  const unanswered = (): Error => new Error('The controller did not answer');
  const cross = (method: string): Promise<void> =>
    sim.call({
      life,
      api: 'http',
      method,
      about: () => `${poolId}/${nodeId}`,
      effect: () => undefined,
      refuse: unanswered,
      isCutOff: () => joiner.isSilent(),
    });
  return async (seal) => {
    const joinKey = joiner.joinKey();
    if (joinKey === undefined) throw new Error('There is no join key');
    // By the controller's clock: what the real one learns from the answer's date.
    const claims = { poolId, nodeId, keys: seal.keys(), iat: sim.scheduler.nowMs() / 1000 };
    await cross('join');
    const instance = createLife(`http-join.${sim.counts.calls}`, 'controller');
    sim.bill('E');
    const answer = await new Promise<JoinAnswer>((resolve, reject) => {
      const timer = sim.scheduler.after(answerWithinMs, () => reject(unanswered()));
      instance.onDeath(() => reject(unanswered()));
      const services = withinTime(world.servicesOf(instance), clockOn(sim.scheduler).monotonicMs() + answerWithinMs);
      joinNode(services, { poolId, nodeId, token: toJoinToken(joinKey, claims) })
        .then(resolve, (error: unknown) => {
          if (!(error instanceof BatchError)) sim.tell(instance.name, `answered 500: ${String(error)}`);
          reject(error as Error);
        })
        .finally(() => timer.cancel());
    });
    await cross('joined');
    return answer;
  };
}
