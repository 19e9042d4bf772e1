// The URLs of nodes and of what lies on them, as shown in resources.

/** URL of a node below `baseUrl` (scheme and host, no trailing slash). */
export function nodeUrl(poolId: string, nodeId: string, baseUrl: string): string {
  return `${baseUrl}/pools/${encodeURIComponent(poolId)}/nodes/${encodeURIComponent(nodeId)}`;
}
