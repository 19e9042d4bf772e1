// Blobs in memory, and their URLs: who holds one may read or write that blob until it expires.
import { DownloadRefused, type Downloads } from '../../../agent/downloads.js';
import { BlobsUnavailable, type Blobs, type ListedBlob } from '../../../shared/blobs/blobs.js';
import type { Containers } from '../../../shared/blobs/containers.js';
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
    list: (prefix) =>
      call(
        'list',
        () => prefix,
        () => listed(store, prefix),
      ),
    urlFor: (name, right, validMs) =>
      Promise.resolve(`blob:${right}/${sim.scheduler.nowMs() + validMs}/${encodeURIComponent(name)}`),
    containerUrlFor: (name, validMs) => linkedContainerUrl(sim, name, validMs),
  };
}

function listed(store: BlobStore, prefix: string): ListedBlob[] {
  return [...store]
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, { byteLength }]) => ({ name, sizeBytes: byteLength, modified: new Date(0) }));
}

/** Containers by name: their blobs are kept with the others, below `containers/<name>/`. */
export function createSimContainers(sim: Sim, store: BlobStore, life: Life): Containers {
  const failed = (): Error => new BlobsUnavailable('The blob service did not answer');
  const call = <T>(method: string, about: () => string, effect: () => T): Promise<T> =>
    sim.call({ life, api: 'blobs', method, about, effect, refuse: failed });
  return {
    writeUrl: (container, validMs) =>
      call(
        'writeUrl',
        () => container,
        () => `${containerHost}/${container}?until=${sim.scheduler.nowMs() + validMs}`,
      ),
    list: (container, prefix) =>
      call(
        'listContainer',
        () => `${container} ${prefix}`,
        () => listed(store, `containers/${container}/${prefix}`),
      ),
    get: (container, blob) =>
      call(
        'getOfContainer',
        () => `${container} ${blob}`,
        () => store.get(`containers/${container}/${blob}`),
      ),
    remove: (container, blob) =>
      call(
        'removeOfContainer',
        () => `${container} ${blob}`,
        () => void store.delete(`containers/${container}/${blob}`),
      ),
  };
}

const containerHost = 'http://containers.sim';

export function createSimDownloads(sim: Sim, store: BlobStore, life: Life): Downloads {
  const failed = (): Error => new Error('The blob service did not answer');
  const nameOf = (url: string, right: string): string => {
    if (url.startsWith(containerHost)) {
      const { pathname, searchParams } = new URL(url);
      if (right !== 'write' || Number(searchParams.get('until')) < sim.scheduler.nowMs())
        throw new DownloadRefused('Not allowed');
      return `containers${decodeURIComponent(pathname)}`;
    }
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
