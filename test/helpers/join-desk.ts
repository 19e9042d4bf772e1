// The controller's side of joining for tests of the agent as a program: a join key, an HTTP server that lets a node join, and sealing.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createJoseSealing } from '../../shared/nodes/jose-sealing.js';
import { joinClaimsSchema, type JoinAnswer, type Membership } from '../../shared/nodes/node-keys.js';
import { toJoinKeyText } from '../../shared/pools/join-keys.js';
import { eventually } from './eventually.js';

export type JoinDesk = {
  readonly url: string;
  readonly joinKeyFile: string;
  /** For the node that joined last, once one has. */
  seal(content: unknown): Promise<unknown>;
  /** How often a node has joined. */
  joins(): number;
  close(): Promise<void>;
};

export async function openJoinDesk(serviceBusConnection: () => string): Promise<JoinDesk> {
  const sealing = createJoseSealing();
  const joinKey = { id: 'key1', secret: sealing.newSecret(), since: '' };
  const orderKey = sealing.newSecret();
  const directory = await mkdtemp(join(tmpdir(), 'join-desk-'));
  const joinKeyFile = join(directory, 'join-key');
  await writeFile(joinKeyFile, toJoinKeyText(joinKey));
  let membership: Membership | undefined;
  let joins = 0;
  const answer = async (token: string): Promise<JoinAnswer | undefined> => {
    const claims = joinClaimsSchema.safeParse(await sealing.verifyJoin(token, [joinKey]));
    if (!claims.success) return undefined;
    const { poolId, nodeId, keys } = claims.data;
    membership = { ...keys, orderKey };
    joins += 1;
    return {
      poolId,
      nodeId,
      poolIncarnation: 'incarnation1',
      orderKey,
      serviceBusConnection: serviceBusConnection(),
    };
  };
  const server = createServer((request, response) => {
    void answer((request.headers.authorization ?? '').replace('Bearer ', '')).then((found) =>
      response.writeHead(found === undefined ? 403 : 200).end(JSON.stringify(found ?? {})),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    joinKeyFile,
    seal: async (content) => sealing.seal(content, await eventually('a node that joins', () => membership)),
    joins: () => joins,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}
