// The program behind `npm run sample`: plays the article's sample, against an embedded stack of its own unless an endpoint is given.
// Exit codes: 0 played to the end, 1 something failed (said on standard error), 2 wrong usage.
import { stderrLog } from '../../shared/log.js';
import { startStack, type Stack } from '../../local/stack.js';
import { onStopSignals } from '../../local/stop-signals.js';
import { parseSampleArguments, sampleUsage, type SampleArguments } from './arguments.js';
import { connect } from './connect.js';
import { playSample } from './play.js';
import { articleOptions } from './scene.js';
import { standardIo } from './terminal.js';

// Not left to the event loop: a connection that lingers must not keep the program alive.
process.exit(await main(parseSampleArguments(process.argv.slice(2))));

async function main(given: SampleArguments): Promise<number> {
  if (given.kind === 'help') {
    process.stdout.write(sampleUsage);
    return 0;
  }
  if (given.kind === 'fault') {
    process.stderr.write(`${given.message}\n\n${sampleUsage}`);
    return 2;
  }
  const signals = onStopSignals();
  let stack: Stack | undefined;
  try {
    if (given.endpoint === undefined) stack = await bootStack(given.isVerbose, signals.stop);
    signals.onImpatience(() => stack?.kill());
    const endpoint = given.endpoint ?? stack;
    if (endpoint === undefined) throw new Error('There is no endpoint to play against');
    await playSample(await connect(endpoint), standardIo(signals.stop), {
      ...articleOptions,
      answers: given.answers,
      ...(isClose(endpoint.batchUrl) ? {} : { pollEveryMs: 2_000, tasksWithinMs: 30 * 60_000 }),
      cleansUpWhenInterrupted: stack === undefined,
      signal: signals.stop,
    });
    return 0;
  } catch (error) {
    process.stderr.write(
      signals.stop.aborted ? '\nThe sample was interrupted.\n' : `\nThe sample failed. ${messageOf(error)}\n`,
    );
    return 1;
  } finally {
    await stack
      ?.stop()
      .catch((error: unknown) => process.stderr.write(`The stack did not stop properly. ${messageOf(error)}\n`));
    signals.release();
  }
}

async function bootStack(isVerbose: boolean, signal: AbortSignal): Promise<Stack> {
  const showsProgress = process.stderr.isTTY === true && !isVerbose;
  const clearLine = '\r\u001b[2K';
  try {
    return await startStack({
      log: stderrLog(isVerbose ? 'info' : 'error'),
      programLogs: isVerbose ? 'stderr' : 'files',
      programLogLevel: isVerbose ? 'info' : 'warn',
      signal,
      ...(showsProgress ? { onProgress: (name) => process.stderr.write(`${clearLine}Starting ${name}...`) } : {}),
    });
  } finally {
    if (showsProgress) process.stderr.write(clearLine);
  }
}

/** Looking every tenth of a second is fair on one's own machine only. */
function isClose(batchUrl: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(batchUrl).hostname);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
