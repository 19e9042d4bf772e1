// Who this node is: what the command line told, unchanged for the life of the program.

import type { TaskUsers } from './users.js';

export type Identity = {
  readonly poolId: string;
  readonly nodeId: string;
  /** Absolute path of the node root: what tasks see and the file API serves. */
  readonly rootDirectory: string;
  readonly accountName: string;
  readonly accountUrl: string;
  /** Login name of the agent's own user. */
  readonly userName: string;
  /** Whether the agent may run tasks as other users. */
  readonly isRoot?: boolean;
  /** Users for the tasks; absent: the agent's own. */
  readonly taskUsers?: TaskUsers;
  /** Below this much free space the disk is full. */
  readonly reservedDiskBytes?: number;
};

export const agentVersion = '0.1.0';

/** The session of this node in `node-orders`, and the start of its report ids. */
export function sessionOf({ poolId, nodeId }: Identity): string {
  return `${poolId}/${nodeId}`;
}

/** The `source` of the CloudEvents this node sends. */
export function sourceOf({ poolId, nodeId }: Identity): string {
  return `/pools/${poolId}/nodes/${nodeId}`;
}
