// The program behind `npm start`: boots the embedded stack and stays until SIGINT or SIGTERM.
// Exit codes: 0 stopped as asked, 1 could not start, 2 wrong usage.
import { stderrLog } from '../shared/log.js';
import { DirectoryInUse } from './data/directory-lock.js';
import { greeting, jsonGreeting } from './greeting.js';
import { PortTaken } from './ports.js';
import { startStack } from './stack.js';
import { parseStartArguments, startUsage, type StartArguments } from './start-arguments.js';
import { onStopSignals } from './stop-signals.js';

// Not left to the event loop: a connection that lingers must not keep a stopped stack's program alive.
process.exit(await main(parseStartArguments(process.argv.slice(2))));

async function main(given: StartArguments): Promise<number> {
  if (given.kind === 'help') return print(startUsage, 0);
  if (given.kind === 'fault') return complain(`${given.message}\n\n${startUsage}`, 2);
  const signals = onStopSignals();
  try {
    const stack = await startStack({
      port: given.port,
      ...(given.dataDir === undefined ? {} : { dataDir: given.dataDir }),
      processPerFunction: given.processPerFunction,
      ...(given.taskUsers === undefined ? {} : { taskUsers: given.taskUsers }),
      log: stderrLog(given.isVerbose ? 'info' : 'warn'),
      programLogs: 'stderr',
      programLogLevel: given.isVerbose ? 'info' : 'warn',
      signal: signals.stop,
      ...(process.stderr.isTTY ? { onProgress: (name) => process.stderr.write(`starting ${name} …\n`) } : {}),
    });
    signals.onImpatience(() => stack.kill());
    try {
      print(given.isJson ? jsonGreeting(stack) : greeting(stack, given.dataDir), 0);
      await signals.asked;
    } finally {
      await stack.stop();
    }
    return 0;
  } catch (error) {
    // It was not up yet when it was asked to stop: nothing is left, which is what was asked for.
    if (signals.stop.aborted) return 0;
    const isExpected = error instanceof PortTaken || error instanceof DirectoryInUse;
    return complain(`${isExpected ? error.message : describe(error)}\n`, 1);
  } finally {
    signals.release();
  }
}

function describe(error: unknown): string {
  return `The stack could not be started. ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

function print(text: string, exitCode: number): number {
  process.stdout.write(text);
  return exitCode;
}

function complain(text: string, exitCode: number): number {
  process.stderr.write(text);
  return exitCode;
}
