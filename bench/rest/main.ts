// The program behind `npm run bench:rest`. Exit codes: 0 measured, 1 it failed, 2 wrong usage.
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseRestArguments, restUsage } from './arguments.js';
import { measureLargeFile, type LargeFileResult } from './measure-large-file.js';
import { measureSize, type SizeResult } from './measure-size.js';

const resultsFile = fileURLToPath(new URL('../../../bench/results/rest.json', import.meta.url));

process.exitCode = await main();

async function main(): Promise<number> {
  const given = parseRestArguments(process.argv.slice(2));
  if (given.kind === 'help') {
    process.stdout.write(restUsage);
    return 0;
  }
  if (given.kind === 'fault') {
    process.stderr.write(`${given.message}\n\n${restUsage}`);
    return 2;
  }
  const machine = { cores: cpus().length, node: process.version, loadBefore: Math.round(loadavg()[0] ?? 0) };
  const sizes: SizeResult[] = [];
  for (const size of given.sizes) {
    const result = await measureSize(size);
    sizes.push(result);
    if (!given.isJson) process.stdout.write(toLine(result));
  }
  const largeFile = given.readers === 0 ? undefined : await measureLargeFile(given.readers);
  if (largeFile !== undefined && !given.isJson) process.stdout.write(toFileLine(largeFile));
  // Of each size to the one before: a young heap grows until it is collected, whatever is asked of it.
  const growth = sizes.slice(1).map((size, index) => toRatio(size.hostPeakMiB, sizes[index]?.hostPeakMiB ?? NaN));
  const record = {
    measuredAt: new Date().toISOString(),
    machine,
    sizes,
    hostMemoryGrowth: growth,
    ...(largeFile && { largeFile }),
  };
  await mkdir(new URL('.', `file://${resultsFile}`), { recursive: true });
  await writeFile(resultsFile, `${JSON.stringify(record, undefined, 2)}\n`);
  process.stdout.write(
    given.isJson
      ? `${JSON.stringify(record)}\n`
      : `peak memory of the host, each size to the one before: ${growth.join(', ') || 'one size only'}\n`,
  );
  return 0;
}

function toRatio(one: number, other: number): number {
  return Math.round((100 * one) / other) / 100;
}

function toLine(result: SizeResult): string {
  const { tasks, addedPerSecond, listedPerSecond, pages } = result;
  return (
    `${tasks} tasks: added ${addedPerSecond}/s, listed ${listedPerSecond}/s in ${pages} pages; peak memory of the host ` +
    `${result.hostStartMiB} MiB at its start, ${result.hostAddMiB} after adding, ${result.hostPeakMiB} after listing; of the client ${result.clientPeakMiB} MiB\n`
  );
}

function toFileLine(result: LargeFileResult): string {
  const { fileMiB, readers, readMiB, mibPerSecond, hostBeforeMiB, hostPeakMiB, agentBeforeMiB, agentPeakMiB } = result;
  return (
    `a file of ${fileMiB} MiB, ${readers} readers at once: ${readMiB} MiB at ${mibPerSecond} MiB/s; peak memory of the host ` +
    `${hostBeforeMiB} MiB before, ${hostPeakMiB} after; of the agent ${agentBeforeMiB} before, ${agentPeakMiB} after\n`
  );
}
