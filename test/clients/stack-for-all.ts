// Before and after test:clients: one stack as `npm start` boots it, with every client on the same wire; then what was asked on it.
import type { TestProject } from 'vitest/node';
import { startRestStack } from '../e2e/rest-stack.js';
import { clientsSettings } from './clients-settings.js';
import { toOperationTable } from './operation-table.js';
import { startWire } from './wire.js';

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const stack = await startRestStack(clientsSettings);
  const wire = await startWire(stack.batchUrl);
  project.provide('clientsEndpoint', { ...stack.endpoint, batchUrl: wire.url });
  return async () => {
    process.stdout.write(`\n${toOperationTable(wire.exchanges)}\n\n${wire.exchanges.length} requests\n`);
    await wire.stop();
    try {
      await stack.stop();
    } catch (error) {
      // What is thrown here is shown by vitest, but the run would count as passed.
      process.exitCode = 1;
      throw error;
    }
  };
}
