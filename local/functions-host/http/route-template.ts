// ASP.NET-style route templates: what they match, what they capture, and which of two goes first.
// A path is split at its literal slashes only; %2F and %5C stay inside their segment.

type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  /** Literal text and parameters in one segment, such as `v{major}.{minor}`. */
  | { readonly kind: 'complex'; readonly pattern: RegExp; readonly names: readonly string[] }
  | { readonly kind: 'parameter'; readonly name: string; readonly isOptional: boolean }
  | { readonly kind: 'catchAll'; readonly name: string };

export type RouteTemplate = { readonly text: string; readonly segments: readonly Segment[] };
export type RouteParams = Readonly<Record<string, string>>;

/** Parses a template without leading slash. Throws an Error naming what this host does not support (constraints, defaults). */
export function parseRouteTemplate(text: string): RouteTemplate {
  const trimmed = text.replace(/^\/+|\/+$/g, '');
  const segments = trimmed === '' ? [] : trimmed.split('/').map((segment) => parseSegment(segment, text));
  segments.forEach((segment, index) => {
    const mustBeLast = segment.kind === 'catchAll' || (segment.kind === 'parameter' && segment.isOptional);
    if (mustBeLast && index < segments.length - 1) {
      throw new Error(`Route "${text}": a catch-all or optional parameter must be the last segment`);
    }
  });
  const names = segments.flatMap(namesOf);
  if (new Set(names.map((name) => name.toLowerCase())).size < names.length) {
    throw new Error(`Route "${text}": a parameter appears twice`);
  }
  return { text: trimmed, segments };
}

/**
 * The parameters `template` captures from a raw (still percent-encoded) path, each decoded once; undefined when it does not match.
 * Literals match whatever their case. One trailing slash is ignored; an empty segment matches nothing but a catch-all.
 */
export function matchRoute(template: RouteTemplate, rawPath: string): RouteParams | undefined {
  const path = splitPath(rawPath);
  const params: [string, string][] = [];
  for (const [index, segment] of template.segments.entries()) {
    if (segment.kind === 'catchAll') {
      const rest = path.slice(index);
      if (rest.length > 0) params.push([segment.name, rest.map(decodeSegment).join('/')]);
      return Object.fromEntries(params);
    }
    const raw = path[index];
    if (raw === undefined || raw === '') {
      const isEnd = index >= path.length && segment.kind === 'parameter' && segment.isOptional;
      return isEnd ? Object.fromEntries(params) : undefined;
    }
    const value = decodeSegment(raw);
    if (segment.kind === 'literal') {
      if (value.toLowerCase() !== segment.text) return undefined;
    } else if (segment.kind === 'parameter') {
      params.push([segment.name, value]);
    } else {
      const match = segment.pattern.exec(value);
      if (match === null) return undefined;
      segment.names.forEach((name, position) => params.push([name, match[position + 1] ?? '']));
    }
  }
  return path.length > template.segments.length ? undefined : Object.fromEntries(params);
}

/**
 * Orders templates as Azure tries them: segment by segment literal, then mixed, then parameter, then catch-all; then longer first.
 * Negative when `one` goes first; 0 when the order they were registered in decides.
 */
export function compareRoutes(one: RouteTemplate, other: RouteTemplate): number {
  const shared = Math.min(one.segments.length, other.segments.length);
  for (let index = 0; index < shared; index += 1) {
    const difference = rank(one.segments[index]) - rank(other.segments[index]);
    if (difference !== 0) return difference;
  }
  return other.segments.length - one.segments.length;
}

/** One percent-decoding; a text that is not valid percent-encoded UTF-8 is left as it is, for the app to refuse. */
export function decodeSegment(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

function splitPath(rawPath: string): string[] {
  const segments = rawPath.replace(/^\//, '').split('/');
  if (segments.at(-1) === '') segments.pop();
  return segments;
}

function parseSegment(text: string, template: string): Segment {
  const parts = text.split(/(\{[^{}]*\})/).filter((part) => part !== '');
  const [only] = parts;
  if (only !== undefined && parts.length === 1 && only.startsWith('{')) return parseParameter(only, template);
  if (parts.every((part) => !/[{}]/.test(part))) return { kind: 'literal', text: decodeSegment(text).toLowerCase() };
  const names: string[] = [];
  const source = parts.map((part) => {
    if (/[{}]/.test(part) && !/^\{.*\}$/.test(part))
      throw new Error(`Route "${template}": unmatched brace in "${text}"`);
    if (!part.startsWith('{')) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const parameter = parseParameter(part, template);
    if (parameter.kind !== 'parameter' || parameter.isOptional) {
      throw new Error(`Route "${template}": "${part}" must be a segment of its own`);
    }
    names.push(parameter.name);
    return '(.+)';
  });
  return { kind: 'complex', pattern: new RegExp(`^${source.join('')}$`, 'is'), names };
}

function parseParameter(text: string, template: string): Segment {
  const match = /^\{(\*{0,2})([A-Za-z_][\w-]*)(\??)\}$/.exec(text);
  if (match === null) {
    throw new Error(`Route "${template}": "${text}" is not supported (constraints and defaults are not)`);
  }
  const [, stars = '', name = '', optional = ''] = match;
  return stars === '' ? { kind: 'parameter', name, isOptional: optional === '?' } : { kind: 'catchAll', name };
}

function namesOf(segment: Segment): readonly string[] {
  if (segment.kind === 'literal') return [];
  return segment.kind === 'complex' ? segment.names : [segment.name];
}

function rank(segment: Segment | undefined): number {
  return segment === undefined ? 0 : ['literal', 'complex', 'parameter', 'catchAll'].indexOf(segment.kind);
}
