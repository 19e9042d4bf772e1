// The lifecycle suite: its own tests, which drive the running stack, and whatever other test docs/lifecycle.md names.
import { configDefaults, defineConfig } from 'vitest/config';
import { readRules } from './test/lifecycle/rules.js';
import { RulesReporter } from './test/lifecycle/rules-reporter.js';

export default defineConfig({
  test: {
    include: ['test/lifecycle/**/*.test.ts', ...new Set(readRules().map(({ file }) => file))],
    exclude: configDefaults.exclude,
    reporters: ['default', new RulesReporter()],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 15_000,
  },
});
