// Patterns that name output files: `*`, `?` and `[abc]` within a name, `**` for any folders. Pure.
// A wildcard does not match the dot that a name begins with; `[*]` means the sign itself. Matching takes time in the product of the lengths only.
// https://learn.microsoft.com/rest/api/batchservice/task/add#outputfile

export type FilePattern = {
  /** The directory below the node root under which all matches are. */
  readonly base: string;
  /** The one file that is meant, relative to `base`, when there are no wildcards. */
  readonly literal?: string;
  /** Whether matches may be deeper than directly in `base`. */
  readonly isDeep: boolean;
  /** Whether a path relative to `base` is meant. */
  matches(path: string): boolean;
};

export type PatternPlace = {
  /** The node root, absolute. */
  readonly root: string;
  /** The working directory, relative to the root. */
  readonly working: string;
  readonly environment: Readonly<Record<string, string>>;
};

/** Reads a pattern, variables filled in. Undefined when it leads out of the node root. */
export function readFilePattern(
  pattern: string,
  { root, working, environment }: PatternPlace,
): FilePattern | undefined {
  const filled = fillIn(pattern, environment);
  const isAbsolute = filled.startsWith('/');
  if (isAbsolute && !filled.startsWith(`${root}/`)) return undefined;
  const segments = isAbsolute ? [] : working.split('/');
  for (const segment of (isAbsolute ? filled.slice(root.length) : filled).split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) return undefined;
  }
  const isMeant = segments.findIndex((segment) => literalOf(segment) === undefined);
  const fixed = segments.slice(0, isMeant === -1 ? -1 : isMeant).map((segment) => literalOf(segment) ?? segment);
  const rest = segments.slice(fixed.length);
  const base = fixed.join('/');
  const [only] = rest;
  if (isMeant === -1) {
    const literal = literalOf(only ?? '') ?? '';
    return { base, literal, isDeep: false, matches: (path) => path === literal };
  }
  const tests = rest.map((segment) => (segment === '**' ? anyFolders : nameTest(segment)));
  return { base, isDeep: rest.length > 1 || rest[0] === '**', matches: (path) => matchesAll(tests, path.split('/')) };
}

function fillIn(pattern: string, environment: Readonly<Record<string, string>>): string {
  return pattern.replace(/\$(?:\{(\w+)\}|(\w+))/g, (text, braced?: string, bare?: string) => {
    const value = environment[braced ?? bare ?? ''];
    return value === undefined ? text : value.replace(/[*?[]/g, '[$&]');
  });
}

/** The name that a segment without wildcards means. */
function literalOf(segment: string): string | undefined {
  const escaped = /\[([*?[\]])\]/g;
  return /[*?[]/.test(segment.replace(escaped, '')) ? undefined : segment.replace(escaped, '$1');
}

const anyFolders = 'anyFolders';
type SegmentTest = typeof anyFolders | ((name: string) => boolean);

const isHidden = (name: string): boolean => name.startsWith('.');

/** Segment by segment; after a mismatch the last `**` takes one name more. As the last one, it stands for every file below. */
function matchesAll(tests: readonly SegmentTest[], names: readonly string[]): boolean {
  if (tests.at(-1) === anyFolders) return matchesAll([...tests, (name) => !isHidden(name)], names);
  return matchesTokens(
    names,
    tests,
    (test) => test === anyFolders,
    (test, name) => test !== anyFolders && test(name),
    (name) => !isHidden(name),
  );
}

type Token = { readonly kind: 'many' } | { readonly kind: 'one'; readonly fits: (character: string) => boolean };

function nameTest(segment: string): (name: string) => boolean {
  const tokens = tokensOf(segment);
  const showsHidden = segment.startsWith('.') || segment.startsWith('[.');
  return (name) =>
    (showsHidden || !isHidden(name)) &&
    matchesTokens(
      [...name],
      tokens,
      ({ kind }) => kind === 'many',
      (token, character) => token.kind === 'one' && token.fits(character),
      () => true,
    );
}

/** The usual walk: `many` takes nothing at first, and one more each time that what follows does not fit. */
function matchesTokens<Item, Each>(
  items: readonly Item[],
  tokens: readonly Each[],
  isMany: (token: Each) => boolean,
  fits: (token: Each, item: Item) => boolean,
  mayTake: (item: Item) => boolean,
): boolean {
  let [at, next] = [0, 0];
  let many: { readonly token: number; taken: number } | undefined;
  while (at < items.length) {
    const token = tokens[next];
    const item = items[at] as Item;
    if (token !== undefined && isMany(token)) {
      many = { token: next, taken: at };
      next += 1;
    } else if (token !== undefined && fits(token, item)) {
      at += 1;
      next += 1;
    } else {
      const taken = many === undefined ? undefined : items[many.taken];
      if (many === undefined || taken === undefined || !mayTake(taken)) return false;
      many.taken += 1;
      at = many.taken;
      next = many.token + 1;
    }
  }
  while (next < tokens.length && isMany(tokens[next] as Each)) next += 1;
  return next === tokens.length;
}

function tokensOf(segment: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let rest = segment; rest !== '';) {
    const set = /^\[(!?)(\]?[^\]]*)\]/.exec(rest);
    const [character = ''] = rest;
    if (character === '*') tokens.push({ kind: 'many' });
    else if (character === '?') tokens.push({ kind: 'one', fits: () => true });
    else if (set === null) tokens.push({ kind: 'one', fits: (given) => given === character });
    else tokens.push({ kind: 'one', fits: setTest(set[2] ?? '', set[1] === '!') });
    rest = rest.slice(set?.[0].length ?? character.length);
  }
  return tokens;
}

function setTest(members: string, isNegated: boolean): (character: string) => boolean {
  const singles = new Set<string>();
  const ranges: (readonly [string, string])[] = [];
  const characters = [...members];
  for (let index = 0; index < characters.length; index += 1) {
    const [from = '', dash, to] = characters.slice(index, index + 3);
    if (dash === '-' && to !== undefined) {
      ranges.push([from, to]);
      index += 2;
    } else {
      singles.add(from);
    }
  }
  return (given) => (singles.has(given) || ranges.some(([from, to]) => from <= given && given <= to)) !== isNegated;
}
