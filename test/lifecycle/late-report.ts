// A report on the real bus in a node's own name, signed with its own keys: what an agent would send that had slept for a while.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadNodeSeal } from '../../agent/adapters/jose-node-seal.js';
import { silentLog } from '../../shared/log.js';
import type { Node } from '../../shared/nodes/node.js';
import { messageTypes, poolSession, type Report } from '../../shared/nodes/node-messages.js';
import { sealedContentType } from '../../shared/nodes/sealing.js';
import { fromNode, nodeRow, poolPartition } from '../../shared/pools/pool-rows.js';
import { createAzureBus } from '../../shared/queues/azure-bus.js';
import { createAzureTable } from '../../shared/tables/azure-table.js';
import type { SharedStack } from '../e2e/shared-stack.js';
import { eventually } from '../helpers/eventually.js';

// By which it is told that this report was heard.
const agentVersion = 'late';

/**
 * Has the controller hear a report of these runs that is as new as the newest that it had heard of the node.
 * The node may speak meanwhile, and what is older than its newest word counts for nothing: then the report is made anew.
 */
export async function reportAgain(
  stack: SharedStack,
  { poolId, nodeId }: { readonly poolId: string; readonly nodeId: string },
  runs: Report['runs'],
): Promise<void> {
  const table = createAzureTable(stack.storage, 'bookend');
  const readNode = async (): Promise<Node> => {
    const row = await table.get(poolPartition(poolId), nodeRow(nodeId));
    if (row === undefined) throw new Error(`Pool '${poolId}' has no node '${nodeId}'`);
    return fromNode(row);
  };
  const keys = readFileSync(keysOf(stack.dataDirectory, nodeId), 'utf8');
  const seal = await loadNodeSeal({ readState: () => Promise.resolve(keys), writeState: () => Promise.resolve() });
  const bus = createAzureBus(stack.serviceBus, silentLog);
  const send = async (attempt: number): Promise<Node> => {
    const node = await readNode();
    const report = lateReport(node, poolId, seal.poolIncarnation(), runs);
    const id = `late/${nodeId}/${attempt}`;
    const about = {
      specversion: '1.0' as const,
      id,
      source: `/pools/${poolId}/nodes/${nodeId}`,
      time: report.nodeTime,
    };
    const data = await seal.sign(report);
    const body = { ...about, type: messageTypes.report, datacontenttype: sealedContentType, data };
    await bus.send('job-events', [{ messageId: id, sessionId: poolSession(poolId), body }]);
    return node;
  };
  try {
    for (let attempt = 1; ; attempt += 1) {
      const meant = await send(attempt);
      const now = await eventually('a report of the node to be heard', async () => {
        const node = await readNode();
        return node.agentVersion === agentVersion || node.sequence > meant.sequence ? node : undefined;
      });
      if (now.agentVersion === agentVersion) return;
    }
  } finally {
    await bus.close();
  }
}

function lateReport(
  { id: nodeId, epoch, imageEpoch, imageId, sequence }: Node,
  poolId: string,
  poolIncarnation: string | undefined,
  runs: Report['runs'],
): Report {
  return {
    ...{ poolId, nodeId, epoch, imageEpoch, sequence, runs },
    ...(imageId === undefined ? {} : { imageId }),
    ...(poolIncarnation === undefined ? {} : { poolIncarnation }),
    agentVersion,
    nodeTime: new Date().toISOString(),
    bootedAgoMs: 0,
  };
}

function keysOf(dataDirectory: string, nodeId: string): string {
  const names = readdirSync(dataDirectory, { recursive: true, encoding: 'utf8' });
  const found = names.find((name) => name.includes(nodeId) && name.endsWith('/keys.json'));
  if (found === undefined) throw new Error(`No keys of node '${nodeId}' were found`);
  return join(dataDirectory, found);
}
