// Rotating a key as an operator does: other settings, the app started anew, while real clients go on asking.
import batch from '@azure/batch';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { startApp, type AppProgram } from '../../helpers/app-program.js';
import { eventually } from '../../helpers/eventually.js';

const newKey = (text: string): string => Buffer.from(text.padEnd(32, '.')).toString('base64');
const [first, second, third] = [newKey('first'), newKey('second'), newKey('third')];
const refusalSchema = z.object({ statusCode: z.number(), code: z.string() });

let app: AppProgram | undefined;
afterAll(() => app?.stop());

async function configure(primary: string, secondary: string): Promise<string> {
  const port = app?.port ?? 0;
  await app?.stop();
  // What only the catch-all answers needs no storage: its refusal comes behind authentication.
  const settings = { BatchAccountName: 'bookend', BatchAccountKey: primary, BatchAccountSecondaryKey: secondary };
  app = await startApp(['catch-all'], settings, port);
  return app.url;
}

test('a client whose key is still one of the two is never refused while the app comes back with another', async () => {
  const url = await configure(first, second);
  const ask = async (key: string): Promise<string> => {
    const credentials = new batch.BatchSharedKeyCredentials('bookend', key);
    const client = new batch.BatchServiceClient(credentials, url, { noRetryPolicy: true });
    const error: unknown = await client.job.list().catch((thrown: unknown) => thrown);
    // While the app is away nobody answers, which clients try again.
    return refusalSchema.safeParse(error).data?.code ?? 'no answer';
  };
  const seen: string[] = [];
  let isRunning = true;
  const running = (async () => {
    while (isRunning) seen.push(await ask(second));
  })();
  const answers = (): number => seen.filter((code) => code !== 'no answer').length;
  const goOn = async (): Promise<void> => {
    const before = answers();
    await eventually('more answers', () => answers() > before + 2);
  };
  expect(await ask(first)).toBe('ResourceNotFound');
  await goOn();
  await configure(third, second);
  await goOn();
  expect(await Promise.all([first, third].map(ask))).toEqual(['AuthenticationFailed', 'ResourceNotFound']);
  isRunning = false;
  await running;
  expect(new Set(seen.filter((code) => code !== 'no answer'))).toEqual(new Set(['ResourceNotFound']));
});
