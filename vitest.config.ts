// One configuration for every suite; the folder under test/ says how far from the core a suite stands.
import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Suites of their own: vitest.lifecycle.config.ts, vitest.clients.config.ts.
    exclude: [...configDefaults.exclude, 'test/lifecycle/**', 'test/clients/{az,python}/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 15_000,
  },
});
