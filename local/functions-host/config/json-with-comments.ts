// JSON as host.json and local.settings.json may hold it: with comments and trailing commas.
// It knows no file and no schema; what the text means is the caller's business.

/**
 * Parses JSON that may contain line comments, block comments, trailing commas and a byte order mark.
 * Throws a SyntaxError as JSON.parse does; comment markers inside strings are text.
 */
export function parseJsonWithComments(text: string): unknown {
  return JSON.parse(withoutTrailingCommas(withoutComments(text.replace(/^\uFEFF/, ''))));
}

// A string is matched first and kept, so that its content is never taken for a comment or a comma.
const stringLiteral = '"(?:[^"\\\\]|\\\\.)*"';

function withoutComments(text: string): string {
  const pattern = new RegExp(`(${stringLiteral})|//[^\\r\\n]*|/\\*[\\s\\S]*?\\*/`, 'g');
  return text.replace(pattern, (_match, literal: string | undefined) => literal ?? ' ');
}

function withoutTrailingCommas(text: string): string {
  const pattern = new RegExp(`(${stringLiteral})|,(?=\\s*[}\\]])`, 'g');
  return text.replace(pattern, (_match, literal: string | undefined) => literal ?? '');
}
