// The embedded broker's own counts, for comparison with those taken at its clients: asked for by a signal, answered in a file.
import { writeFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const fileName = 'broker.json';
const questionId = 'bench';

const answerSchema = z.looseObject({
  operations: z.record(
    z.string(),
    z.looseObject({ sends: z.int(), deliveries: z.int(), settlements: z.int(), renewals: z.int() }),
  ),
});
export type BrokerCounts = {
  readonly send: number;
  readonly receive: number;
  readonly settle: number;
  readonly renew: number;
};

/** In the broker: asks it what its parent would ask it, and keeps the answer. */
export function answerCounts(directory: string): void {
  const send = process.send?.bind(process);
  if (send === undefined) return;
  process.send = (message: unknown, ...rest: []) => {
    if (Reflect.get(Object(message), 'id') !== questionId) return send(message, ...rest);
    writeFileSync(join(directory, fileName), JSON.stringify(message));
    return true;
  };
  process.on('SIGUSR2', () => process.emit('message', { request: 'counts', id: questionId }, undefined));
}

/** Asks the broker with this process number; `look` is called until there is an answer. */
export async function askBroker(
  directory: string,
  pid: number,
  look: <T>(once: () => Promise<T | undefined>) => Promise<T>,
): Promise<BrokerCounts> {
  const file = join(directory, fileName);
  await rm(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  return look(async () => {
    const text = await readFile(file, 'utf8').catch(() => '');
    return text.endsWith('}') ? toCounts(answerSchema.parse(JSON.parse(text))) : undefined;
  });
}

function toCounts({ operations }: z.infer<typeof answerSchema>): BrokerCounts {
  const sum = (of: 'sends' | 'deliveries' | 'settlements' | 'renewals'): number =>
    Object.values(operations).reduce((total, queue) => total + queue[of], 0);
  return { send: sum('sends'), receive: sum('deliveries'), settle: sum('settlements'), renew: sum('renewals') };
}
