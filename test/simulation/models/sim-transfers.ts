// What virtual machines download and upload. A URL says how it behaves: `sim:` and any of `slow=MS`, `flaky=TIMES`, `denied`, `missing`,
// `hang`, and text of its own to tell it apart, with commas between. Containers of the linked account are reached by URLs that expire.
import { TransferFailed, type ListedBlob, type Transfers } from '../../../agent/transfers.js';
import type { Life } from '../core/life.js';
import type { Sim } from '../core/sim.js';

/** What was uploaded: text by container URL and blob name. Blobs of containers that can be read have these names. */
export type TransferStore = {
  readonly uploads: Map<string, string>;
  /** How often each flaky URL was asked. */
  readonly asked: Map<string, number>;
};

export const emptyTransferStore = (): TransferStore => ({ uploads: new Map(), asked: new Map() });

/** Names of the blobs that every container holds. */
export const simulatedBlobs: readonly string[] = ['one.txt', 'deep/two.txt', 'deep/three.txt'];

export const linkedContainerUrl = (sim: Sim, name: string, validMs: number): string =>
  `linked:${sim.scheduler.nowMs() + validMs}/${name}`;

export function createSimTransfers(sim: Sim, store: TransferStore, life: Life): Transfers {
  const failed = (): Error => new TransferFailed('The web did not answer', 'other', true);
  const transfer = async <T>(method: string, url: string, signal: AbortSignal, effect: () => T): Promise<T> => {
    signal.throwIfAborted();
    await wait(sim, life, delayOf(url), signal);
    return unlessAborted(
      sim.call({
        life,
        api: 'transfers',
        method,
        about: () => url,
        refuse: failed,
        effect() {
          refuseByName(sim, store, url);
          return effect();
        },
      }),
      signal,
    );
  };
  return {
    readUrl: (url, signal) => transfer('readUrl', url, signal, () => contentOf(url)),
    readBlob: (url, name, signal) => transfer('readBlob', url, signal, () => contentOf(name)),
    async *listBlobs(url, prefix, signal) {
      const names = simulatedBlobs.filter((name) => name.startsWith(prefix));
      yield await transfer('listBlobs', url, signal, () =>
        names.map((name): ListedBlob => ({ name, isDirectory: false })),
      );
    },
    async writeBlob({ containerUrl, name, file }, signal) {
      const content = await file.read(0, file.facts.sizeBytes);
      await transfer('writeBlob', containerUrl, signal, () => {
        store.uploads.set(`${containerUrl}/${name}`, Buffer.from(content).toString());
      });
    },
  };
}

async function* contentOf(name: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(`content of ${name}`);
}

const wordsOf = (url: string): readonly string[] => url.replace(/^sim:/, '').split(',');
const numberOf = (url: string, name: string): number =>
  Number(
    wordsOf(url)
      .find((word) => word.startsWith(`${name}=`))
      ?.slice(name.length + 1) ?? 0,
  );

function delayOf(url: string): number {
  return wordsOf(url).includes('hang') ? Infinity : numberOf(url, 'slow');
}

function refuseByName(sim: Sim, store: TransferStore, url: string): void {
  if (url.startsWith('linked:')) {
    if (Number(url.slice('linked:'.length).split('/')[0]) < sim.scheduler.nowMs())
      throw new TransferFailed('The URL has expired', 'denied', false);
    return;
  }
  const words = wordsOf(url);
  if (words.includes('denied')) throw new TransferFailed('Not allowed', 'denied', false);
  if (words.includes('missing')) throw new TransferFailed('There is no such thing', 'notFound', false);
  const asked = store.asked.get(url) ?? 0;
  store.asked.set(url, asked + 1);
  if (asked < numberOf(url, 'flaky')) throw new TransferFailed('Busy', 'other', true);
}

function wait(sim: Sim, life: Life, ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0) return Promise.resolve();
  return unlessAborted(
    new Promise((resolve) => {
      if (ms === Infinity) return;
      sim.scheduler.after(ms, () => {
        if (life.isAlive()) resolve();
      });
    }),
    signal,
  );
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
