// The real Batch clients, each through every operation it has, all on one stack. The JavaScript part is part of `npm test`, too.
import { defineConfig } from 'vitest/config';
import { ClientsReporter } from './test/clients/clients-reporter.js';

export default defineConfig({
  test: {
    include: ['test/clients/**/*.test.ts'],
    globalSetup: ['test/clients/stack-for-all.ts'],
    reporters: ['default', new ClientsReporter()],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
  },
});
