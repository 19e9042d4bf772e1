// What `npm run sample` understands on its command line. Pure: prints nothing and starts nothing.
import { parseArgs } from 'node:util';

export type Endpoint = { readonly batchUrl: string; readonly account: string; readonly key: string };

/** Answers given ahead; a question without one is asked on a terminal and answered yes otherwise. */
export type Answers = { readonly deleteJob?: boolean; readonly deletePool?: boolean };

export type SampleArguments =
  | { readonly kind: 'help' }
  | { readonly kind: 'fault'; readonly message: string }
  | {
      readonly kind: 'play';
      /** Without one, the sample boots an embedded stack of its own. */
      readonly endpoint?: Endpoint;
      readonly answers: Answers;
      readonly isVerbose: boolean;
    };

export const sampleUsage = `Usage: npm run sample -- [--url U --account A --key K] [--delete-job yes|no] [--delete-pool yes|no] [--verbose]

  --url U --account A --key K   play against this Batch endpoint; without them an embedded stack is started and stopped
  --delete-job, --delete-pool   answer the question ahead
  --verbose                     log what the embedded stack does
`;

/** Reads the arguments after the program's name. A fault names the argument and what was expected. */
export function parseSampleArguments(given: readonly string[]): SampleArguments {
  const values = readOptions(given);
  if ('fault' in values) return { kind: 'fault', message: values.fault };
  if (values.help === true) return { kind: 'help' };
  const { url, account, key } = values;
  const deleteJob = parseAnswer(values['delete-job']);
  const deletePool = parseAnswer(values['delete-pool']);
  if (deleteJob === 'neither' || deletePool === 'neither') {
    return { kind: 'fault', message: '--delete-job and --delete-pool expect yes or no' };
  }
  const play = {
    kind: 'play',
    answers: { ...(deleteJob === undefined ? {} : { deleteJob }), ...(deletePool === undefined ? {} : { deletePool }) },
    isVerbose: values.verbose === true,
  } as const;
  if (url === undefined && account === undefined && key === undefined) return play;
  if (url === undefined || account === undefined || key === undefined) {
    return { kind: 'fault', message: '--url, --account and --key go together' };
  }
  if (!URL.canParse(url)) return { kind: 'fault', message: `--url expects a URL, not '${url}'` };
  return { ...play, endpoint: { batchUrl: url.replace(/\/$/, ''), account, key } };
}

function readOptions(given: readonly string[]) {
  try {
    return parseArgs({
      args: [...given],
      strict: true,
      allowPositionals: false,
      options: {
        url: { type: 'string' },
        account: { type: 'string' },
        key: { type: 'string' },
        'delete-job': { type: 'string' },
        'delete-pool': { type: 'string' },
        verbose: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

function parseAnswer(text: string | undefined): boolean | undefined | 'neither' {
  if (text === undefined) return undefined;
  return text === 'yes' ? true : text === 'no' ? false : 'neither';
}
