// Which reports of a batch are their nodes' own words. All nodes send to one queue, so anybody who may can say what he likes there.
import { saveDeadLetter } from '../events/dead-letters.js';
import type { Node } from '../nodes/node.js';
import type { Services } from '../services.js';
import type { Asked, ReceivedReport } from './seen.js';

type Verdict = Awaited<ReturnType<Services['sealing']['verify']>>;

/**
 * `asked` without reports that the present keys of their node did not sign. One of other keys is late, of an earlier image of the node, or of
 * a machine that has to join anew, as another has joined in its name: the node is told something, which that machine cannot open.
 * One that claims the present keys and has not their signature is kept as a dead letter.
 */
export async function keepTrusted(services: Services, nodes: readonly Node[], asked: Asked): Promise<Asked> {
  const verdicts = await Promise.all(asked.reports.map((report) => judge(services, nodes, report)));
  const withVerdict = (wanted: Verdict): readonly ReceivedReport[] =>
    asked.reports.filter((_, index) => verdicts[index] === wanted);
  const strangers = withVerdict('otherKey').map(({ nodeId }) => nodeId);
  return { ...asked, reports: withVerdict('signed'), ...(strangers.length === 0 ? {} : { strangers }) };
}

async function judge(services: Services, nodes: readonly Node[], report: ReceivedReport): Promise<Verdict> {
  const { poolId, nodeId, epoch, sequence } = report;
  const node = nodes.find(({ id }) => id === nodeId);
  // Nobody listens to a node that the pool does not have.
  if (node === undefined) return 'signed';
  const verdict = await services.sealing.verify(report.signed, node.membership);
  if (verdict === 'signed') return verdict;
  services.log.warn('report was not trusted', { poolId, nodeId, epoch, sequence, verdict });
  if (verdict === 'forged') {
    await saveDeadLetter(services, {
      queue: 'job-events',
      messageId: `${poolId}/${nodeId}/${epoch}/${sequence}`,
      attempts: 1,
      reason: `The report names the keys of node '${nodeId}' of pool '${poolId}', but was not signed with them`,
      body: report.signed,
    });
  }
  return verdict;
}
