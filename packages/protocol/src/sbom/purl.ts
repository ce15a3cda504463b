/** Package URLs (ECMA-427): parsed strictly, written canonically. */
import { TrustError } from '../errors.ts';
import { normalizePurl, type Purl } from './purl-normal-form.ts';

export type { Purl };

/** Characters of a package URL. */
export const maxPurlLength = 4096;

/**
 * Parses a package URL, from right to left as the standard has it, and brings it into the normal form of its type.
 * Throws `malformed`; `too_large` above `maxPurlLength`.
 */
export function parsePurl(text: string): Purl {
  if (text.length > maxPurlLength)
    throw new TrustError('too_large', `expected a package URL of at most ${maxPurlLength} characters`);
  if (/[\u0000-\u0020\u007f]/.test(text)) throw refuse('no white space and control characters', text);
  const [beforeSubpath, subpath] = splitLast(text, '#');
  const [beforeQualifiers, qualifiers] = splitLast(beforeSubpath, '?');
  const path = /^pkg:\/*(.*)$/is.exec(beforeQualifiers)?.[1];
  if (path === undefined) throw refuse('the scheme "pkg:"', text);
  return normalizePurl({
    ...parsePath(path),
    qualifiers: qualifiers === undefined ? new Map() : parseQualifiers(qualifiers),
    subpath: joinSegments(parseSegments(subpath ?? '').filter((segment) => segment !== '.' && segment !== '..')),
  });
}

/** The canonical text of a package URL. `parsePurl` of it is the same package URL. */
export function encodePurl({ type, namespace, name, version, qualifiers, subpath }: Purl): string {
  const segments = namespace?.split('/') ?? [];
  let text = `pkg:${[type, ...segments.map(encodePart), encodePart(name)].join('/')}`;
  if (version !== undefined) text += `@${encodePart(version)}`;
  const pairs = sortByKey(qualifiers).map(([key, value]) => `${key}=${encodePart(value)}`);
  if (pairs.length > 0) text += `?${pairs.join('&')}`;
  if (subpath !== undefined) text += `#${subpath.split('/').map(encodePart).join('/')}`;
  return text;
}

/** Builds a package URL from decoded parts, in normal form. Throws `malformed` as `parsePurl` does. */
export function createPurl(parts: Pick<Purl, 'type' | 'name'> & Partial<Purl>): Purl {
  const { type, name, namespace, version, qualifiers = new Map(), subpath } = parts;
  return parsePurl(encodePurl({ type, namespace, name, version, qualifiers, subpath }));
}

function parsePath(path: string): Pick<Purl, 'type' | 'namespace' | 'name' | 'version'> {
  const at = findVersion(path);
  const version = at < path.length ? decodePart(path.slice(at + 1)) : '';
  const [type = '', ...rest] = path.slice(0, at).split('/');
  if (!/^[a-z][a-z0-9.-]*$/i.test(type)) throw refuse('a type of letters, digits, "." and "-"', type);
  const name = decodePart(rest.pop() ?? '');
  if (name === '') throw refuse('a name', path);
  return {
    type: type.toLowerCase(),
    namespace: joinSegments(parseSegments(rest.join('/'))),
    name,
    version: version === '' ? undefined : version,
  };
}

/** Where the version's `@` stands: the last one, unless it opens a segment, as that of an npm scope may. */
function findVersion(path: string): number {
  const at = path.lastIndexOf('@');
  const isScope = at > 0 && path[at - 1] === '/' && path.includes('/', at);
  return at < 0 || isScope ? path.length : at;
}

function parseSegments(text: string): readonly string[] {
  const segments = text
    .split('/')
    .filter((segment) => segment !== '')
    .map(decodePart);
  if (segments.some((segment) => segment.includes('/'))) throw refuse('no encoded "/" in a segment', text);
  return segments;
}

function joinSegments(segments: readonly string[]): string | undefined {
  return segments.length === 0 ? undefined : segments.join('/');
}

function parseQualifiers(text: string): ReadonlyMap<string, string> {
  const qualifiers = new Map<string, string>();
  for (const pair of text.split('&').filter((part) => part !== '')) {
    const [, key, value = ''] = /^([^=]*)=(.*)$/s.exec(pair) ?? [];
    if (key === undefined || !/^[a-z][a-z0-9._-]*$/.test(key)) throw refuse('qualifiers with lower-case keys', pair);
    if (qualifiers.has(key)) throw refuse('each qualifier once', key);
    const decoded = decodePart(value);
    if (decoded !== '') qualifiers.set(key, decoded);
  }
  return new Map(sortByKey(qualifiers));
}

function sortByKey(qualifiers: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...qualifiers].sort(([left], [right]) => (left < right ? -1 : 1));
}

/** Percent-encodes all but letters, digits, `.`, `-`, `_`, `~` and `:`. */
function encodePart(text: string): string {
  return encodeURIComponent(text).replace(/%3A|[!'()*]/g, (match) =>
    match === '%3A' ? ':' : `%${match.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function decodePart(text: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch (cause) {
    throw new TrustError('malformed', 'expected percent-encoded UTF-8 in a package URL', { cause });
  }
  if (/[\u0000-\u001f\u007f]/.test(decoded) || !decoded.isWellFormed())
    throw refuse('no control characters, encoded or not', text);
  return decoded;
}

function splitLast(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.lastIndexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function refuse(expected: string, got: string): TrustError {
  return new TrustError(
    'malformed',
    `expected a package URL with ${expected}, got ${JSON.stringify(got.slice(0, 100))}`,
  );
}
