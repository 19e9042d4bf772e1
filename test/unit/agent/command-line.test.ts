// How command lines are split: the grammar that users rely on when they write `/bin/sh -c "…"`.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitCommandLine } from '../../../agent/command-line.js';

describe('a command line is split into words', () => {
  test.each<[string, readonly string[]]>([
    ['ls', ['ls']],
    ['  ls \t -l\n', ['ls', '-l']],
    ['/bin/sh -c "echo $AZ_BATCH_NODE_ID tasks: > a.txt"', ['/bin/sh', '-c', 'echo $AZ_BATCH_NODE_ID tasks: > a.txt']],
    ['/bin/bash -c \'echo "a"\'', ['/bin/bash', '-c', 'echo "a"']],
    ['sh -c "echo \'a b\'"', ['sh', '-c', "echo 'a b'"]],
    ['sh -c "echo \\"a\\""', ['sh', '-c', 'echo "a"']],
    ['a"b c"\'d e\'f', ['ab cd ef']],
    ['a "" b', ['a', '', 'b']],
    ['a\\ b c\\"d', ['a b', 'c"d']],
    ["'a\\b'", ['a\\b']],
    ['"a\\b\\\\c"', ['a\\b\\c']],
    ['"\\$HOME \\`id\\`"', ['$HOME `id`']],
    ['echo *.txt ~ $HOME a;b', ['echo', '*.txt', '~', '$HOME', 'a;b']],
    ['a\\', ['a\\']],
  ])('%s', (commandLine, words) => {
    expect(splitCommandLine(commandLine)).toEqual({ outcome: 'words', words });
  });

  test.each(['', '  \n', '""', "'' a", '"open', "it's", '/bin/sh -c "a\\"', 'a\0b'])(
    'a line that names no program or leaves a quote open is unreadable: %j',
    (commandLine) => {
      expect(splitCommandLine(commandLine)).toMatchObject({ outcome: 'unreadable' });
    },
  );

  test('words that were put in single quotes come back as they were', () => {
    const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
    const word = fc.string({ maxLength: 20 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        fc.pre(words[0] !== '');
        expect(splitCommandLine(words.map(quoted).join(' '))).toEqual({ outcome: 'words', words });
      }),
    );
  });

  test('no text makes it throw', () => {
    fc.assert(fc.property(fc.string(), (text) => void splitCommandLine(text)));
  });
});
