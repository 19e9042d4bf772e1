// Reads and writes blobs by the URLs that the controller hands out.
import * as http from 'node:http';
import * as https from 'node:https';
import { DownloadRefused, type Downloads } from '../downloads.js';

const timeoutMs = 60_000;

export function createHttpDownloads(): Downloads {
  return {
    async getText(url) {
      const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
      if (!response.ok) {
        await response.body?.cancel();
        throw failureOf(response.status, 'read');
      }
      return response.text();
    },
    async putBlob(url, content, contentType = 'application/octet-stream') {
      const status = await put(url, content, { 'x-ms-blob-type': 'BlockBlob', 'content-type': contentType });
      if (status < 200 || status > 299) throw failureOf(status, 'written');
    },
  };
}

// Sends the content as it lies in memory, which may be 64 MiB: fetch would hold it three times. Resolves with the status.
function put(url: string, content: Uint8Array, headers: Readonly<Record<string, string>>): Promise<number> {
  const { request } = url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const options = {
      method: 'PUT',
      headers: { ...headers, 'content-length': content.byteLength },
      signal: AbortSignal.timeout(timeoutMs),
    };
    const sent = request(url, options, (response) => {
      response.on('end', () => resolve(response.statusCode ?? 0)).on('error', reject);
      response.resume();
    });
    sent.on('error', reject);
    sent.end(content);
  });
}

// The URL carries a signature, so neither it nor the answer's text goes into the error.
function failureOf(status: number, what: string): Error {
  const message = `A blob could not be ${what}: status ${status}`;
  const isFinal = status >= 400 && status < 500 && ![408, 425, 429].includes(status);
  return isFinal ? new DownloadRefused(message) : new Error(message);
}
