// docs/errors.md as it follows from the catalogue. Pure.
import { errorCatalogue, type BatchErrorCode } from '../../shared/rest/error-catalogue.js';
import { errorOccasions } from '../../shared/rest/error-occasions.js';

const introduction = `# Errors

*Made by \`npm run docs:errors\` from \`shared/rest/error-catalogue.ts\` and \`shared/rest/error-occasions.ts\`; do not edit.*

Every refusal is Batch's own JSON, also of requests that reach no operation:

\`\`\`json
{
  "odata.metadata": "<endpoint>/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element",
  "code": "JobNotFound",
  "message": { "lang": "en-US", "value": "<text>\\nRequestId:<id>\\nTime:<instant>" },
  "values": [{ "key": "...", "value": "..." }]
}
\`\`\`

\`values\` is left out when empty. The text below is what is said when nothing more exact is known; of 5xx it is all that is said. HEAD and 304 have no body.
The local host repeats the text's first line as the reason phrase, as Batch does; Azure Functions sets a reason phrase of its own.

A 5xx means an outage or a bug: clients repeat it for minutes. A 503 and a 429 carry Retry-After.
`;

/** The whole file. */
export function renderErrorDocs(): string {
  const codes = (Object.keys(errorCatalogue) as BatchErrorCode[]).toSorted(byStatusThenName);
  const occurring = codes.flatMap((code) => {
    const occasion = errorOccasions[code];
    const { status, text } = errorCatalogue[code];
    return 'when' in occasion ? [row(code, String(status), text, occasion.when)] : [];
  });
  const others = codes.flatMap((code) => {
    const occasion = errorOccasions[code];
    return 'never' in occasion ? [row(code, String(errorCatalogue[code].status), occasion.never)] : [];
  });
  return [
    introduction,
    '| code | status | text | when |\n|---|---|---|---|',
    ...occurring,
    '\n## Codes that Batch documents and Bookend never answers\n',
    '| code | status | why |\n|---|---|---|',
    ...others,
    '',
  ].join('\n');
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function byStatusThenName(one: BatchErrorCode, other: BatchErrorCode): number {
  return errorCatalogue[one].status - errorCatalogue[other].status || (one < other ? -1 : 1);
}
