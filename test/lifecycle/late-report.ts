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

/** Has the controller hear a report of these runs that is as new as the newest that it had heard of the node. */
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
  const { epoch, imageEpoch, imageId, sequence } = await readNode();
  const keys = readFileSync(keysOf(stack.dataDirectory, nodeId), 'utf8');
  const seal = await loadNodeSeal({ readState: () => Promise.resolve(keys), writeState: () => Promise.resolve() });
  const poolIncarnation = seal.poolIncarnation();
  const report: Report = {
    ...{ poolId, nodeId, epoch, imageEpoch, sequence, runs },
    ...(imageId === undefined ? {} : { imageId }),
    ...(poolIncarnation === undefined ? {} : { poolIncarnation }),
    agentVersion,
    nodeTime: new Date().toISOString(),
    bootedAgoMs: 0,
  };
  const bus = createAzureBus(stack.serviceBus, silentLog);
  try {
    await bus.send('job-events', [
      {
        messageId: `late/${nodeId}`,
        sessionId: poolSession(poolId),
        body: {
          ...{ specversion: '1.0', id: `late/${nodeId}`, source: `/pools/${poolId}/nodes/${nodeId}` },
          ...{ type: messageTypes.report, time: report.nodeTime, datacontenttype: sealedContentType },
          data: await seal.sign(report),
        },
      },
    ]);
    await eventually('the report to be heard', async () => (await readNode()).agentVersion === agentVersion);
  } finally {
    await bus.close();
  }
}

function keysOf(dataDirectory: string, nodeId: string): string {
  const names = readdirSync(dataDirectory, { recursive: true, encoding: 'utf8' });
  const found = names.find((name) => name.includes(nodeId) && name.endsWith('/keys.json'));
  if (found === undefined) throw new Error(`No keys of node '${nodeId}' were found`);
  return join(dataDirectory, found);
}
