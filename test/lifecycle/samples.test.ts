// The article's three uses as programs of their users, each in its own language, against one running stack.
// Those that need more than Node.js are left out, saying so, where that is not installed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSharedStack, type SharedStack } from '../e2e/shared-stack.js';
import { withoutLocalProxy } from '../../local/programs/child-program.js';
import { startProgram } from '../helpers/started-program.js';

// What is first on PATH need not see the packages of the system.
const python = '/usr/bin/python3';
const hasPython = works(python, '-c', 'import azure.batch');
const hasAz = works('sh', '-c', 'command -v az && command -v curl && command -v tar');

let stack: SharedStack;
let azConfig: string;
beforeAll(async () => {
  stack = await startSharedStack('samples');
  azConfig = mkdtempSync(join(tmpdir(), 'az-config-'));
});
afterAll(async () => {
  await rm(azConfig, { recursive: true, force: true });
  await stack.stop();
});

/** Runs the program as its README says; gives its lines once it ended well. */
async function play(command: string, script: string): Promise<readonly string[]> {
  const program = startProgram(command, [script], {
    ...(withoutLocalProxy(process.env) as Record<string, string>),
    AZURE_BATCH_ENDPOINT: stack.endpoint.batchUrl,
    AZURE_BATCH_ACCOUNT: stack.endpoint.account,
    AZURE_BATCH_ACCESS_KEY: stack.endpoint.key,
    AZURE_STORAGE_CONNECTION_STRING: stack.storage,
    AZURE_CONFIG_DIR: azConfig,
  });
  const exitCode = await program.ended;
  expect({ exitCode, stderr: program.stderr() }).toEqual({ exitCode: 0, stderr: '' });
  return program.stdout().trimEnd().split('\n');
}

describe.concurrent('the sample', () => {
  test('common-data (JavaScript) downloads once per node what every task there uses', async () => {
    const lines = await play(process.execPath, 'samples/common-data/main.mjs');
    const counts = lines.flatMap((line) => /^ {2}count-\w on (\S+) found (\d+)$/.exec(line)?.slice(1) ?? []);
    const nodes = new Set(counts.filter((_, index) => index % 2 === 0));
    expect(counts.filter((_, index) => index % 2 === 1)).toEqual(Array.from({ length: 8 }, () => '250'));
    expect(lines).toContain(`8 tasks used words.txt, which was downloaded ${nodes.size} times: once per node.`);
    expect(lines.at(-2)).toBe('After the release, 0 of 2 nodes still have words.txt.');
  });

  test.skipIf(!hasPython)('delete-job-data (Python) leaves nothing of its job on the nodes', async () => {
    const lines = await play(python, 'samples/delete-job-data/main.py');
    const shown = (when: string): string[] =>
      lines.flatMap((line) => new RegExp(`^tvmps_\\S+ ${when} the release: (.*)$`).exec(line)?.slice(1) ?? []);
    const parts = Array.from({ length: 6 }, (_, index) => `part-${index + 1}.txt`);
    expect(
      shown('before')
        .flatMap((names) => names.split(', '))
        .sort(),
    ).toEqual(parts);
    expect(new Set(shown('after'))).toEqual(new Set(['nothing']));
  });

  test.skipIf(!hasAz)('collect-logs (az) uploads the logs and dumps of every node that ran tasks', async () => {
    const lines = await play('sh', 'samples/collect-logs/run.sh');
    const archives = lines.flatMap(
      (line) => /^ {2}CollectLogsSampleJob\/tvmps_\S+\.tgz: (.*)$/.exec(line)?.slice(1) ?? [],
    );
    const logs = Array.from({ length: 6 }, (_, index) => `task-${index + 1}.log`);
    expect(archives.flatMap((names) => names.split(' ')).sort()).toEqual([...logs, 'task-4.dmp'].sort());
    expect(lines).toContain('6 tasks completed, 1 of them crashed.');
  });
});

if (!hasPython) console.warn('skipped: delete-job-data, since /usr/bin/python3 has no azure-batch');
if (!hasAz) console.warn('skipped: collect-logs, since az, curl or tar is not installed');

function works(command: string, ...given: string[]): boolean {
  try {
    execFileSync(command, given, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
