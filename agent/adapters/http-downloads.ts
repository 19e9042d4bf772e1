// Reads and writes blobs by the URLs that the controller hands out.
import { DownloadRefused, type Downloads } from '../downloads.js';

const timeoutMs = 60_000;

export function createHttpDownloads(): Downloads {
  return {
    async getText(url) {
      const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
      await refuseFailure(response, 'read');
      return response.text();
    },
    async putBlob(url, content, contentType = 'application/octet-stream') {
      const response = await fetch(url, {
        method: 'PUT',
        headers: { 'x-ms-blob-type': 'BlockBlob', 'content-type': contentType },
        // Fetch takes no view that could be of shared memory.
        body: Buffer.from(content),
        signal: AbortSignal.timeout(timeoutMs),
      });
      await refuseFailure(response, 'written');
    },
  };
}

// The URL carries a signature, so neither it nor the answer's text goes into the error.
async function refuseFailure(response: Response, what: string): Promise<void> {
  if (response.ok) return;
  await response.body?.cancel();
  const message = `A blob could not be ${what}: status ${response.status}`;
  const isFinal = response.status >= 400 && response.status < 500 && ![408, 425, 429].includes(response.status);
  throw isFinal ? new DownloadRefused(message) : new Error(message);
}
