// The sample's side towards a person: lines, progress and questions on a terminal; the same lines without one.
// Without a terminal nothing is asked and nothing waits. Knows no Batch.
import { createInterface } from 'node:readline/promises';

export type SampleIo = {
  print(line: string): void;
  /** Says what a wait has come to; on a terminal only, replaced by the next one and gone with the next line. */
  progress(text: string): void;
  /** Prints the question and the answer; `given` is an answer known ahead. Anything but n and no is a yes. */
  ask(question: string, given: boolean | undefined): Promise<boolean>;
  /** Waits for ENTER on a terminal. */
  pause(): Promise<void>;
};

const clearLine = '\r\u001b[2K';

/** Talks through this process's standard streams. `signal` ends a question that is open. */
export function standardIo(signal: AbortSignal): SampleIo {
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  let shown = '';
  const write = (text: string): void => {
    process.stdout.write(shown === '' ? text : `${clearLine}${text}`);
    shown = '';
  };
  const readLine = async (): Promise<string> => {
    const lines = createInterface({ input: process.stdin, output: process.stdout });
    // The line reader takes Ctrl-C for itself; it is meant for the program.
    lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    try {
      return await lines.question('', { signal });
    } finally {
      lines.close();
    }
  };
  return {
    print: (line) => write(`${line}\n`),
    progress(text) {
      if (!isTerminal || text === shown) return;
      write(text);
      shown = text;
    },
    async ask(question, given) {
      write(`${question}\n`);
      if (isTerminal && given === undefined) return !['n', 'no'].includes((await readLine()).trim().toLowerCase());
      const isYes = given ?? true;
      write(isYes ? 'yes\n' : 'no\n');
      return isYes;
    },
    async pause() {
      if (isTerminal) await readLine();
    },
  };
}
