// The adapter for an identity provider's key set: one bounded GET.
import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';
import type { ReadKeySet } from './signing-keys.js';

const readWithinMs = 5_000;
const largestBytes = 512 * 1024;

/** Only public keys: a symmetric one in a public document would let everybody sign. */
const keySchema = z.looseObject({ kty: z.enum(['RSA', 'EC']), kid: z.string().min(1).max(256) });
const keySetSchema = z.object({ keys: z.array(z.unknown()).max(200) });

/** Reads a JSON Web Key Set (RFC 7517) from `url`, without redirects. Keys of other kinds, and keys without a name, are left out. */
export function createHttpKeySet(url: string): ReadKeySet {
  return async () => {
    const answer = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(readWithinMs),
    });
    if (!answer.ok) {
      await answer.body?.cancel();
      throw new Error(`The key set was asked for and the answer was ${answer.status}`);
    }
    return parseKeySet(await readText(answer));
  };
}

function parseKeySet(text: string): JSONWebKeySet {
  const keys = keySetSchema.parse(JSON.parse(text)).keys.flatMap((key) => {
    const parsed = keySchema.safeParse(key);
    return parsed.success ? [parsed.data] : [];
  });
  if (keys.length === 0) throw new Error('The key set holds no RSA or EC key with a name');
  return { keys };
}

async function readText(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.byteLength;
    if (size > largestBytes) throw new Error(`The key set is larger than ${largestBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
