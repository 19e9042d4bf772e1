// What reaches no operation is refused for the right reason: known to Batch but not supported, wrong verb, or nothing that exists.
import { BatchError } from '../errors.js';
import { allOperations } from './all-operations.js';
import { unsupportedOperations } from './unsupported-operations.js';

/** The verbs of a path; those that are served here have no name. */
type Verbs = Record<string, string>;

const paths = [...knownPaths()].map(([template, verbs]) => ({ pattern: toPattern(template), verbs }));

/** Why no operation answers `method` on `path` (percent-encoded, without query). */
export function explainUnanswered(method: string, path: string): BatchError {
  const bare = path.replace(/^\/+|\/+$/g, '');
  const certificate = certificatePattern.exec(bare);
  if (certificate) return explainCertificate(method, certificate[1] ?? '', certificate[2] !== undefined);
  const known = paths.find(({ pattern }) => pattern.test(bare));
  if (!known) return new BatchError('ResourceNotFound', `There is no resource at '${path.slice(0, 256)}'.`);
  const name = known.verbs[method];
  if (name) return new BatchError('NotImplemented', `The operation '${name}' is not supported by Bookend yet.`);
  if (name === '') return new BatchError('ResourceNotFound', `There is no resource at '${path.slice(0, 256)}'.`);
  return new BatchError(
    'UnsupportedHttpVerb',
    `The resource supports ${Object.keys(known.verbs).join(', ')}, not ${method}.`,
  );
}

// One certificate has a path that no route can say. There are none, as adding one is refused.
const certificatePattern = /^certificates\(([^)]*)\)(\/canceldelete)?$/i;

function explainCertificate(method: string, key: string, isCancel: boolean): BatchError {
  const verbs = isCancel ? ['POST'] : ['GET', 'DELETE'];
  return verbs.includes(method)
    ? new BatchError('CertificateNotFound', `The account has no certificate '${key.slice(0, 256)}'; none can be added.`)
    : new BatchError('UnsupportedHttpVerb', `The resource supports ${verbs.join(', ')}, not ${method}.`);
}

function knownPaths(): Map<string, Verbs> {
  const known = new Map<string, Verbs>([
    ['health', { GET: '' }],
    ['openapi.json', { GET: '' }],
  ]);
  for (const { route, verb } of allOperations) {
    const template = toTemplate(route);
    known.set(template, { ...known.get(template), [verb]: '' });
  }
  for (const [template, verbs] of Object.entries(unsupportedOperations)) {
    known.set(template, { ...verbs, ...known.get(template) });
  }
  return known;
}

// A file path is one segment, or several.
function toTemplate(route: string): string {
  return route.replace(/\{[^}]*\}\/\{\*[^}]*\}$/, '{*}').replace(/\{[^}*]*\}/g, '{}');
}

function toPattern(template: string): RegExp {
  const source = template.replace(/[()]/g, '\\$&').replaceAll('{*}', '.+').replaceAll('{}', '[^/]+');
  return new RegExp(`^${source}$`, 'i');
}
