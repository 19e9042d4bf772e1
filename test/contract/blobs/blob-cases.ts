// What all Blobs keep to, whatever is behind them.
import { expect, test } from 'vitest';
import type { Blobs } from '../../../shared/blobs/blobs.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export function testBlobs(blobsOf: () => Blobs): void {
  test('give back what was put in, byte for byte', async () => {
    const content = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31) % 256);
    await blobsOf().put('folder/a.bin', content);
    expect(Buffer.from((await blobsOf().get('folder/a.bin')) ?? []).equals(content)).toBe(true);
  });

  test('replace an older blob of the same name', async () => {
    await blobsOf().put('b', bytes('a longer first content'));
    await blobsOf().put('b', bytes('second'));
    expect(Buffer.from((await blobsOf().get('b')) ?? []).toString()).toBe('second');
  });

  test('keep an empty blob apart from none', async () => {
    await blobsOf().put('empty', bytes(''));
    expect(await blobsOf().get('empty')).toHaveLength(0);
    expect(await blobsOf().get('none')).toBeUndefined();
  });

  test('take names with colons, spaces and signs', async () => {
    const name = 'dead-letters/2026-01-01T00:00:00.000Z:pool/node 1%+&.json';
    await blobsOf().put(name, bytes('x'));
    expect(Buffer.from((await blobsOf().get(name)) ?? []).toString()).toBe('x');
  });

  test('forget a removed blob, and mind no removal of what is not there', async () => {
    await blobsOf().put('c', bytes('x'));
    await blobsOf().remove('c');
    await blobsOf().remove('c');
    expect(await blobsOf().get('c')).toBeUndefined();
  });
}
