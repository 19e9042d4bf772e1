// The keys by which the parts of one stack trust each other: made once per data directory, readable by its owner alone.
// They travel by environment or file, never by argument. The Batch account's key is not one of them (account.ts).
import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const secretsSchema = z.object({
  /** Key of the broker's RootManageSharedAccessKey, base64. */
  serviceBusKey: z.string().min(32),
  /** Key with which nodes may listen and send, base64. */
  nodesKey: z.string().min(32),
  /** Master key of the functions host, base64url as it is sent in a header. */
  hostKey: z.string().min(32),
});
export type Secrets = z.infer<typeof secretsSchema> & {
  /** The broker's list of further keys, with the nodes' in it. */
  readonly nodesKeyFile: string;
};

const nodesKeyName = 'nodes';

/** Reads the directory's secrets, making those that are missing. Throws when the file is there but cannot be used. */
export async function loadSecrets(directory: string): Promise<Secrets> {
  const path = join(directory, 'secrets.json');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '{}';
    throw error;
  });
  const fresh = {
    serviceBusKey: randomBytes(32).toString('base64'),
    nodesKey: randomBytes(32).toString('base64'),
    hostKey: randomBytes(32).toString('base64url'),
  };
  const secrets = secretsSchema.parse({ ...fresh, ...(JSON.parse(text) as object) });
  const nodesKeyFile = join(directory, 'service-bus-keys.json');
  const keys = { Keys: [{ Name: nodesKeyName, Key: secrets.nodesKey, Rights: ['Listen', 'Send'] }] };
  await writeSecretly(nodesKeyFile, JSON.stringify(keys));
  await writeSecretly(path, JSON.stringify(secrets));
  return { ...secrets, nodesKeyFile };
}

/** What nodes connect to the broker with. */
export function nodesConnection(port: number, { nodesKey }: Secrets): string {
  const access = `SharedAccessKeyName=${nodesKeyName};SharedAccessKey=${nodesKey}`;
  return `Endpoint=sb://127.0.0.1:${port};${access};UseDevelopmentEmulator=true`;
}

async function writeSecretly(path: string, text: string): Promise<void> {
  const unfinished = `${path}.new`;
  await writeFile(unfinished, text, { mode: 0o600 });
  await rename(unfinished, path);
}
