// Keeps what a failed test leaves to look at below test-artifacts/, which git ignores.
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const artefactsDirectory = fileURLToPath(new URL('../../test-artifacts/', import.meta.url));

/** Keeps texts (by file name) and copies of directories under the test's title, in place of those of an earlier run. */
export async function keepArtefacts(
  title: string,
  { texts = {}, directories = [] }: { texts?: Readonly<Record<string, string>>; directories?: readonly string[] },
): Promise<void> {
  const folder = join(artefactsDirectory, title.replace(/[^\w.-]+/g, '-').slice(0, 150));
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text);
  // Files come and go in the directory of a stack that lives.
  for (const directory of directories)
    await cp(directory, join(folder, basename(directory)), { recursive: true }).catch(() => undefined);
}
