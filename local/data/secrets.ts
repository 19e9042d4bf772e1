// The keys by which the parts of one stack trust each other: made once per data directory, readable by its owner alone.
// They travel by environment, never by argument. The Batch account's key is not one of them (account.ts).
import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const secretsSchema = z.object({
  /** Key of the broker's RootManageSharedAccessKey, base64. */
  serviceBusKey: z.string().min(32),
  /** Master key of the functions host, base64url as it is sent in a header. */
  hostKey: z.string().min(32),
});
export type Secrets = z.infer<typeof secretsSchema>;

/** Reads the directory's secrets, making them the first time. Throws when the file is there but cannot be used. */
export async function loadSecrets(directory: string): Promise<Secrets> {
  const path = join(directory, 'secrets.json');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text !== undefined) return secretsSchema.parse(JSON.parse(text));
  const secrets = { serviceBusKey: randomBytes(32).toString('base64'), hostKey: randomBytes(32).toString('base64url') };
  const unfinished = `${path}.new`;
  await writeFile(unfinished, JSON.stringify(secrets), { mode: 0o600 });
  await rename(unfinished, path);
  return secrets;
}
