// What a local machine was put through: boots and new images, remembered beside its root so that each happens once.
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { powerSchema, type Power } from './capacity-decisions.js';
import { powerOff } from './power-off.js';

const recordName = 'power.json';

/**
 * Brings the machine, whose agent is not up, to `wanted`: ends what still runs on it, and empties its root for a new image. Interrupted, it is
 * done again; nothing was started in between.
 */
export async function carryOut(
  wanted: Power,
  { directory, root }: { readonly directory: string; readonly root: string },
): Promise<Power> {
  const path = join(directory, recordName);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const had = text === undefined ? { boots: 0, images: 0 } : powerSchema.parse(JSON.parse(text));
  const isNewImage = had.images < wanted.images;
  if (!isNewImage && had.boots >= wanted.boots) return had;
  await powerOff(directory);
  if (isNewImage) {
    const entries = await readdir(root);
    await Promise.all(entries.map((entry) => rm(join(root, entry), { recursive: true, force: true, maxRetries: 5 })));
  }
  const next = { boots: Math.max(had.boots, wanted.boots), images: Math.max(had.images, wanted.images) };
  await writeFile(`${path}.new`, JSON.stringify(next), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return next;
}
