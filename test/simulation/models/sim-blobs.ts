// Blobs in memory, and their URLs: who holds one may read or write that blob until it expires.
import { DownloadRefused, type Downloads } from '../../../agent/downloads.js';
import { BlobsUnavailable, type Blobs } from '../../../shared/blobs/blobs.js';
import type { Life } from '../core/life.js';
import type { Sim } from '../core/sim.js';
import { linkedContainerUrl } from './sim-transfers.js';

export type BlobStore = Map<string, Uint8Array>;

export function createSimBlobs(sim: Sim, store: BlobStore, life: Life): Blobs {
  const failed = (): Error => new BlobsUnavailable('The blob service did not answer');
  const call = <T>(method: string, about: () => string, effect: () => T): Promise<T> =>
    sim.call({ life, api: 'blobs', method, about, effect, refuse: failed });
  return {
    put: (name, content) =>
      call(
        'put',
        () => name,
        () => void store.set(name, Uint8Array.from(content)),
      ),
    get: (name) =>
      call(
        'get',
        () => name,
        () => store.get(name),
      ),
    remove: (name) =>
      call(
        'remove',
        () => name,
        () => void store.delete(name),
      ),
    urlFor: (name, right, validMs) =>
      Promise.resolve(`blob:${right}/${sim.scheduler.nowMs() + validMs}/${encodeURIComponent(name)}`),
    containerUrlFor: (name, validMs) => linkedContainerUrl(sim, name, validMs),
  };
}

export function createSimDownloads(sim: Sim, store: BlobStore, life: Life): Downloads {
  const failed = (): Error => new Error('The blob service did not answer');
  const nameOf = (url: string, right: string): string => {
    const [given, untilMs, name] = url.replace(/^blob:/, '').split('/');
    if (given !== right || Number(untilMs) < sim.scheduler.nowMs()) throw new DownloadRefused('Not allowed');
    return decodeURIComponent(name ?? '');
  };
  return {
    getText: (url) =>
      sim.call({
        life,
        api: 'downloads',
        method: 'getText',
        about: () => url,
        refuse: failed,
        effect() {
          const found = store.get(nameOf(url, 'read'));
          if (found === undefined) throw new DownloadRefused('There is no such blob');
          return Buffer.from(found).toString();
        },
      }),
    putBlob: (url, content) =>
      sim.call({
        life,
        api: 'downloads',
        method: 'putBlob',
        about: () => url,
        refuse: failed,
        effect: () => void store.set(nameOf(url, 'write'), content),
      }),
  };
}
