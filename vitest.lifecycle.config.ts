// The lifecycle suite: its own tests, which drive the running stack, and whatever other test docs/lifecycle.md names.
import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { readRules } from './test/lifecycle/rules.js';
import { RulesReporter } from './test/lifecycle/rules-reporter.js';

// They wait for the clock more than they work: begun first, they are done by the time the others are.
const waiting = ['job-schedules.test.ts', 'lost-nodes.test.ts'];
const works = ({ moduleId }: TestSpecification): number => Number(!waiting.some((name) => moduleId.endsWith(name)));

class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((a, b) => works(a) - works(b));
  }
}

export default defineConfig({
  test: {
    include: ['test/lifecycle/**/*.test.ts', ...new Set(readRules().map(({ file }) => file))],
    exclude: configDefaults.exclude,
    reporters: ['default', new RulesReporter()],
    pool: 'forks',
    // One more than cores: see above.
    maxWorkers: 3,
    sequence: { sequencer: WaitingFirst },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 15_000,
  },
});
