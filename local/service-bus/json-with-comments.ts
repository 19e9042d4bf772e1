// JSON as people write configuration: with comments and trailing commas.

/** Parses `text`; throws a SyntaxError where it is no JSON even so. */
export function parseJsonWithComments(text: string): unknown {
  // A string is matched first, so that what looks like a comment inside one is left alone.
  const withoutComments = text.replace(
    /("(?:\\.|[^"\\])*")|\/\/[^\n\r]*|\/\*[\s\S]*?\*\//g,
    (_all, string: string | undefined) => string ?? ' ',
  );
  const withoutTrailingCommas = withoutComments.replace(
    /("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g,
    (_all, string: string | undefined) => string ?? '',
  );
  return JSON.parse(withoutTrailingCommas.replace(/^\uFEFF/, ''));
}
