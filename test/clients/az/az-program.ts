// The real `az batch` as a program: two of them at a time, each with the stack's account and a configuration of its own.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { withoutLocalProxy } from '../../../local/programs/child-program.js';
import type { RestEndpoint } from '../../e2e/rest-stack.js';
import { startProgram } from '../../helpers/started-program.js';

export type Az = {
  /** What the command prints, read as JSON; undefined where it prints nothing. Fails when the command does. */
  run(command: string, flags?: Flags): Promise<unknown>;
  /** The code that the service refuses the command with. Fails when it does not. */
  refusal(command: string, flags?: Flags): Promise<string>;
  /** What the command says on standard error when it gives up before it asks the service. */
  complaint(command: string, flags?: Flags): Promise<string>;
  /** Path of a new file with this content, JSON unless it is text. */
  file(name: string, content: unknown): string;
  /** Every command that was given, with `ok` or the code that it met. */
  readonly outcomes: ReadonlyMap<string, ReadonlySet<string>>;
  /** Removes what was kept. */
  end(): Promise<void>;
};

/** `true` for a flag without value; a list gives several values. */
export type Flags = Readonly<Record<string, string | number | true | readonly string[]>>;

const atOnce = 2;
export const python = '/usr/bin/python3';

export function createAz(endpoint: RestEndpoint): Az {
  const directory = mkdtempSync(join(tmpdir(), 'az-'));
  const environment = {
    ...withoutLocalProxy(process.env),
    AZURE_BATCH_ENDPOINT: endpoint.batchUrl,
    AZURE_BATCH_ACCOUNT: endpoint.account,
    AZURE_BATCH_ACCESS_KEY: endpoint.key,
    AZURE_CONFIG_DIR: join(directory, 'config'),
    AZURE_CORE_COLLECT_TELEMETRY: 'false',
    PYTHONWARNINGS: 'ignore',
  };
  const outcomes = new Map<string, Set<string>>();
  const running = new Set<Promise<unknown>>();

  const start = async (
    command: string,
    flags: Flags,
    more: readonly string[],
  ): Promise<{ exitCode: unknown; stdout: string; stderr: string }> => {
    while (running.size >= atOnce) await Promise.race(running);
    const args = ['batch', ...command.split(' '), ...toArguments(flags), '--output', 'json', ...more];
    const program = startProgram('/usr/bin/az', args, environment);
    running.add(program.ended);
    const exitCode = await program.ended;
    running.delete(program.ended);
    return { exitCode, stdout: program.stdout(), stderr: program.stderr() };
  };
  const note = (command: string, met: string): void => {
    outcomes.set(command, (outcomes.get(command) ?? new Set()).add(met));
  };
  return {
    outcomes,
    async run(command, flags = {}) {
      const { exitCode, stdout, stderr } = await start(command, flags, ['--only-show-errors']);
      if (exitCode !== 0) throw new Error(`az batch ${command}: ${exitCode}\n${stderr}`);
      note(command, 'ok');
      return stdout.trim() === '' ? undefined : z.json().parse(JSON.parse(stdout));
    },
    async refusal(command, flags = {}) {
      // The code is in its log alone: it prints the message and the values.
      const { exitCode, stderr } = await start(command, flags, ['--debug']);
      if (exitCode !== 1) throw new Error(`az batch ${command} ended with ${exitCode}`);
      const [, code] = /^Code: (\w+)$/m.exec(stderr) ?? [];
      if (code === undefined) throw new Error(`az batch ${command} shows no code\n${stderr.slice(-2000)}`);
      note(command, code);
      return code;
    },
    async complaint(command, flags = {}) {
      const { exitCode, stderr } = await start(command, flags, ['--only-show-errors']);
      if (exitCode === 0) throw new Error(`az batch ${command} was accepted`);
      note(command, 'not sent');
      return stderr;
    },
    file(name, content) {
      const path = join(directory, name);
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
      return path;
    },
    end: () => rm(directory, { recursive: true, force: true }),
  };
}

function toArguments(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, value]) => {
    const flag = `--${name}`;
    if (value === true) return [flag];
    return typeof value === 'object' ? [flag, ...value] : [flag, String(value)];
  });
}
