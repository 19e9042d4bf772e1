// Says at the end of test:clients which clients ran and which were left out, and why: a suite that skips must not look like one that passed.
import { basename, dirname } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

const names: Readonly<Record<string, string>> = {
  js: '@azure/batch (JavaScript)',
  python: 'azure-batch (Python)',
  az: 'az batch',
};

export class ClientsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const [folder, name] of Object.entries(names)) {
      const states = modules
        .filter(({ moduleId }) => basename(dirname(moduleId)) === folder)
        .flatMap(({ children }) => [...children.allTests()].map((test) => test.result().state));
      const count = (state: string): number => states.filter((each) => each === state).length;
      const isLeftOut = states.length > 0 && count('skipped') === states.length;
      const verdict = isLeftOut
        ? 'skipped: it is not installed here'
        : `${count('passed')} tests passed, ${count('failed')} failed, ${count('skipped')} skipped`;
      process.stdout.write(`${name.padEnd(26)} ${verdict}\n`);
      // A client without a single test is one that somebody lost on the way.
      if (states.length === 0) process.exitCode = 1;
    }
  }
}
