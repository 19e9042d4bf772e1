// The unmodified azure-batch client of Python through every operation it has: suite.py, whose lines are shown as they come.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withoutLocalProxy } from '../../../local/programs/child-program.js';
import type { RestStack } from '../../e2e/rest-stack.js';
import { startProgram } from '../../helpers/started-program.js';
import { useStack } from '../endpoint.js';

// What is first on PATH need not see the packages of the system.
const python = '/usr/bin/python3';
const isInstalled = ((): boolean => {
  try {
    execFileSync(python, ['-c', 'import azure.batch'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
if (!isInstalled) console.warn(`skipped: azure-batch, since ${python} has none`);

let stack: RestStack;
beforeAll(async () => {
  if (isInstalled) stack = await useStack();
});
afterAll(async () => {
  if (isInstalled) await stack.stop();
});

test.skipIf(!isInstalled)(
  'every operation of azure-batch works, or is refused with its code',
  async () => {
    const program = startProgram(python, [fileURLToPath(new URL('suite.py', import.meta.url))], {
      ...withoutLocalProxy(process.env),
      AZURE_BATCH_ENDPOINT: stack.endpoint.batchUrl,
      AZURE_BATCH_ACCOUNT: stack.endpoint.account,
      AZURE_BATCH_ACCESS_KEY: stack.endpoint.key,
      PYTHONDONTWRITEBYTECODE: '1',
    });
    program.process.stdout?.pipe(process.stdout, { end: false });
    expect({ exitCode: await program.ended, stderr: program.stderr() }).toEqual({ exitCode: 0, stderr: '' });
    expect(program.stdout()).toMatch(/^[1-9]\d* checks, 0 failed$/m);
  },
  600_000,
);
