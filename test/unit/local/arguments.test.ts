// The command lines of `npm start` and `npm run sample`.
import { describe, expect, it } from 'vitest';
import { parseStartArguments } from '../../../local/start-arguments.js';
import { parseSampleArguments } from '../../../samples/job-prep-release/arguments.js';

const started = { kind: 'start', port: 7071, isJson: false, isVerbose: false, processPerFunction: false };

describe('npm start', () => {
  it.each([
    { given: [], then: started },
    { given: ['--port', '0'], then: { ...started, port: 0 } },
    { given: ['--port=8080', '--json'], then: { ...started, port: 8080, isJson: true } },
    { given: ['--data', 'd'], then: { ...started, dataDir: 'd' } },
    { given: ['--verbose', '--process-per-function'], then: { ...started, isVerbose: true, processPerFunction: true } },
    { given: ['-h'], then: { kind: 'help' } },
  ])('$given is understood', ({ given, then }) => {
    expect(parseStartArguments(given)).toEqual(then);
  });

  it.each([
    { given: ['--prot', '1'], naming: '--prot' },
    { given: ['7071'], naming: '7071' },
    { given: ['--port'], naming: '--port' },
    { given: ['--port', '65536'], naming: '65536' },
    { given: ['--port', '-1'], naming: '--port' },
    { given: ['--port', '1e3'], naming: '1e3' },
    { given: ['--data', ''], naming: '--data' },
    { given: ['--json=yes'], naming: '--json' },
  ])('$given is refused, naming it', ({ given, naming }) => {
    const parsed = parseStartArguments(given);
    expect(parsed.kind).toBe('fault');
    expect(parsed.kind === 'fault' && parsed.message).toContain(naming);
  });
});

describe('npm run sample', () => {
  const endpoint = ['--url', 'http://127.0.0.1:7071/', '--account', 'a', '--key', 'k'];

  it.each([
    { given: [], then: { kind: 'play', answers: {}, isVerbose: false } },
    { given: ['--delete-pool', 'no'], then: { kind: 'play', answers: { deletePool: false }, isVerbose: false } },
    {
      given: [...endpoint, '--delete-job', 'yes'],
      then: {
        kind: 'play',
        answers: { deleteJob: true },
        isVerbose: false,
        endpoint: { batchUrl: 'http://127.0.0.1:7071', account: 'a', key: 'k' },
      },
    },
  ])('$given is understood', ({ given, then }) => {
    expect(parseSampleArguments(given)).toEqual(then);
  });

  it.each([
    { given: ['--url', 'http://h'], naming: '--account' },
    { given: ['--url', 'nowhere', '--account', 'a', '--key', 'k'], naming: 'nowhere' },
    { given: ['--delete-pool', 'maybe'], naming: '--delete-pool' },
    { given: ['--unknown'], naming: '--unknown' },
  ])('$given is refused, naming it', ({ given, naming }) => {
    const parsed = parseSampleArguments(given);
    expect(parsed.kind).toBe('fault');
    expect(parsed.kind === 'fault' && parsed.message).toContain(naming);
  });
});
