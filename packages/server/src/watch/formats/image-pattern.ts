/** Which images are meant: patterns of the watch, of policy-controller (pkg/apis/glob) and of Kyverno (its wildcards). */

import { Refusal } from '../../errors.ts';
import { isGlob } from '../policies/glob.ts';
import { parseSourceReference } from '../sources/source-key.ts';
import { looser, type Remark, stricter } from './remark.ts';

/** A pattern of another tool in the watch's terms: `oci:…`; `undefined`: it has no equivalent at all. */
export interface ReadPattern {
  readonly source: string | undefined;
  readonly remarks: readonly Remark[];
}

/** An image pattern in the terms of another tool, several where it takes them. */
export interface WrittenPattern {
  readonly patterns: readonly string[];
  readonly remarks: readonly Remark[];
}

const hub = 'docker.io/';
/** policy-controller's name of Docker Hub (go-containerregistry). */
const controllerHub = 'index.docker.io/';

/** A pattern of the watch without its ecosystem, as policy-controller reads it: `*` in a segment, `**` over them, each tag and each digest. */
export function writeControllerGlob(pattern: string, clause: string): WrittenPattern {
  const { path, remarks } = withoutInnerDepth(pattern, clause);
  const named = path.startsWith(hub) ? `${controllerHub}${path.slice(hub.length)}` : path;
  if (!/^[a-zA-Z0-9\-_:/*.@]+$/.test(named))
    return { patterns: [], remarks: [looser(clause, 'no glob of policy-controller says this')] };
  return { patterns: named.endsWith('**') ? [named] : [`${named}:**`, `${named}@**`], remarks };
}

/** The same as Kyverno reads it: `*` is anything at all. */
export function writeKyvernoPattern(pattern: string, clause: string): WrittenPattern {
  const { path, remarks } = withoutInnerDepth(pattern, clause);
  const body = path.replace(/\*\*$/, '').replaceAll('**', '*');
  const all = body.includes('*')
    ? [...remarks, stricter(clause, 'a * of Kyverno reaches into further segments')]
    : remarks;
  if (path.endsWith('**')) return { patterns: [`${body}*`], remarks: all };
  // Kyverno leaves out what Docker Hub puts before names of its own.
  const names = body.startsWith(`${hub}library/`)
    ? [body, `${hub}${body.slice(hub.length + 'library/'.length)}`]
    : [body];
  return { patterns: names.flatMap((name) => [`${name}:*`, `${name}@*`]), remarks: all };
}

/** Other tools have no segments that may be missing in the middle of a name. */
function withoutInnerDepth(pattern: string, clause: string): Located {
  const inner = pattern.replace(/\*\*$/, '');
  if (!inner.includes('**')) return { path: pattern, remarks: [] };
  return { path: pattern, remarks: [looser(clause, 'where a ** stands for no segment, the file does not apply')] };
}

/** A pattern among others of one list. */
interface Listed {
  readonly clause: string;
  readonly list: readonly string[];
}

/** A glob of policy-controller, which is held against the whole reference. */
export function readControllerGlob(glob: string, listed: Listed): ReadPattern {
  const { clause } = listed;
  const usual = glob === '*' ? `${controllerHub}library/*` : glob === '*/*' ? `${controllerHub}*/*` : glob;
  const { path, remarks } = withoutVersion(usual, '**', listed);
  return normalise(path, { clause, remarks });
}

/** An image by its name; a tag or digest is left out. */
export function readImage(image: string, clause: string): ReadPattern {
  const isWhole = !/[:@][^/]*$/.test(image);
  return readControllerGlob(isWhole ? `${image}:**` : image, { clause, list: [`${image}:**`, `${image}@**`] });
}

/** A pattern of Kyverno. */
export function readKyvernoPattern(pattern: string, listed: Listed): ReadPattern {
  const { clause } = listed;
  const { path, remarks } = withoutVersion(pattern, '*', listed);
  const marked = path.includes('?')
    ? [...remarks, stricter(clause, 'a ? is one character, and here any number')]
    : remarks;
  const wide = path.replaceAll('?', '*').replaceAll(/\*+/g, '*');
  const inner = wide.replace(/\*$/, '');
  const all = inner.includes('*')
    ? [...marked, looser(clause, 'a * in the middle reaches over segments there, and not here')]
    : marked;
  const body = wide.endsWith('*') ? openEnd(inner) : wide;
  return normalise(body, { clause, remarks: all });
}

/** Anything that begins so: the rest of the segment, and segments after it. */
function openEnd(inner: string): string {
  return inner === '' || inner.endsWith('/') ? `${inner}**` : `${inner}*/**`;
}

/** The watch judges a repository as a whole: a version in a pattern is left out, unless tags and digests are both meant. */
function withoutVersion(text: string, any: string, { clause, list }: Listed): Located {
  const slash = text.lastIndexOf('/');
  const end = text.slice(slash + 1).search(/[:@]/);
  const whole = stricter(clause, 'here it holds for every tag and digest');
  if (end < 0) return { path: text, remarks: text.endsWith('*') ? [] : [whole] };
  const path = text.slice(0, slash + 1 + end);
  const isWhole = [`${path}:${any}`, `${path}@${any}`].every((form) => list.includes(form));
  return { path, remarks: isWhole ? [] : [whole] };
}

interface Located {
  readonly path: string;
  readonly remarks: readonly Remark[];
}

/** The one name of a registry. */
function normalise(
  path: string,
  { clause, remarks }: Omit<Located, 'path'> & { readonly clause: string },
): ReadPattern {
  const deep = /[^/]\*\*$/.test(path) && !path.endsWith('*/**') ? path.replace(/\*\*$/, '*/**') : path;
  const named = deep.startsWith(controllerHub) ? `${hub}${deep.slice(controllerHub.length)}` : deep;
  const source = named.includes('*') ? `oci:${withHost(named)}` : nameOf(named);
  if (source === undefined || !isGlob(source)) {
    return { source: undefined, remarks: [looser(clause, 'no pattern of the watch says this, so it is left out')] };
  }
  return { source, remarks };
}

/** Docker's rule: the first part is a host where it looks like one. */
function withHost(path: string): string {
  const [first = '', ...rest] = path.split('/');
  if (first === '**' || /[.:*[]|^localhost$/.test(first)) return path;
  return rest.length === 0 ? `${hub}library/${path}` : `${hub}${path}`;
}

function nameOf(text: string): string | undefined {
  try {
    return parseSourceReference(`oci:${text}`).key;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
