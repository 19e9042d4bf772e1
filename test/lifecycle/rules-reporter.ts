// Fails a run of the lifecycle suite unless every rule's test ran and passed.
import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';
import { readRules, type Rule } from './rules.js';

export class RulesReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const rules = readRules();
    const states = new Map<string, string>();
    for (const { moduleId, children } of modules)
      for (const test of children.allTests())
        states.set(`${relative(process.cwd(), moduleId)} › ${test.fullName}`, test.result().state);
    const shown = ({ file, title }: Rule): boolean => states.get(`${file} › ${title}`) === 'passed';
    const missing = rules.filter((rule) => !shown(rule));
    for (const { rule, file, title } of missing)
      process.stdout.write(
        `NOT SHOWN: ${rule}\n  ${file} › ${title}: ${states.get(`${file} › ${title}`) ?? 'did not run'}\n`,
      );
    process.stdout.write(`rules shown ${rules.length - missing.length} of ${rules.length}\n`);
    if (missing.length > 0) process.exitCode = 1;
  }
}
