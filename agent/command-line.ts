// Splits a command line into words, without a shell: quotes and backslashes as POSIX shells read them, nothing expanded.
// Batch promises no more than that a shell must be named to get one; the grammar is ours.

export type CommandWords =
  | { readonly outcome: 'words'; readonly words: readonly [string, ...string[]] }
  | { readonly outcome: 'unreadable'; readonly message: string };

/**
 * Outside quotes blanks separate words and a backslash takes the next character as it is. Single quotes take everything.
 * In double quotes a backslash escapes only `"`, `\`, `$` and the backquote. Adjacent parts join; empty quotes make an empty word.
 */
export function splitCommandLine(commandLine: string): CommandWords {
  if (commandLine.includes('\0')) return unreadable('The command line holds a NUL character');
  const words: string[] = [];
  let word: string | undefined;
  let index = 0;
  const take = (text: string): void => {
    word = (word ?? '') + text;
  };
  while (index < commandLine.length) {
    const character = commandLine.charAt(index);
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      index += 1;
    } else if (character === "'") {
      const end = commandLine.indexOf("'", index + 1);
      if (end < 0) return unreadable('A single quote is not closed');
      take(commandLine.slice(index + 1, end));
      index = end + 1;
    } else if (character === '"') {
      const quoted = readDoubleQuoted(commandLine, index + 1);
      if (quoted === undefined) return unreadable('A double quote is not closed');
      take(quoted.text);
      index = quoted.next;
    } else if (character === '\\') {
      take(index + 1 < commandLine.length ? commandLine.charAt(index + 1) : '\\');
      index += 2;
    } else {
      take(character);
      index += 1;
    }
  }
  if (word !== undefined) words.push(word);
  const [program, ...rest] = words;
  if (program === undefined || program === '') return unreadable('The command line names no program');
  return { outcome: 'words', words: [program, ...rest] };
}

function readDoubleQuoted(commandLine: string, start: number): { text: string; next: number } | undefined {
  let text = '';
  for (let index = start; index < commandLine.length; index += 1) {
    const character = commandLine.charAt(index);
    if (character === '"') return { text, next: index + 1 };
    const following = commandLine.charAt(index + 1);
    if (character === '\\' && ['"', '\\', '$', '`'].includes(following)) {
      text += following;
      index += 1;
    } else {
      text += character;
    }
  }
  return undefined;
}

function unreadable(message: string): CommandWords {
  return { outcome: 'unreadable', message };
}
