/** Where a build's source came from, as provenance names it: SPDX download locations such as `git+https://host/path@ref`. */
import { type JsonObject, type JsonValue, readMember } from '../json/foreign.ts';
import { type DigestSet, interpretDigestSet } from './digest-set.ts';
import { interpretObject, interpretOptionalArray, interpretOptionalText } from './members.ts';

/** A repository and what of it was built. */
export interface BuildSource {
  /** Without `git+` and ref: `https://github.com/acme/app`. */
  readonly repository: string;
  readonly ref: string | undefined;
  /** The object name of the commit, in hexadecimal. */
  readonly commit: string | undefined;
}

/** Something that went into a build. */
export interface BuildDependency {
  readonly uri: string | undefined;
  /** Empty when none is told. */
  readonly digests: DigestSet;
}

/** The most dependencies that are read. */
export const maxDependencies = 10_000;

/** Reads a list of resource descriptors, or of v0.2's materials, which have the same members. */
export function interpretDependencies(object: JsonObject, name: string): readonly BuildDependency[] {
  return interpretOptionalArray(object, name, maxDependencies).map((value) => interpretDependency(value, name));
}

/** Reads one. Throws `malformed`. */
export function interpretDependency(value: JsonValue | undefined, name: string): BuildDependency {
  const object = interpretObject(value, name);
  const digest = readMember(object, 'digest');
  const isEmpty =
    digest === undefined || digest === null || (typeof digest === 'object' && Object.keys(digest).length === 0);
  return { uri: interpretOptionalText(object, 'uri'), digests: isEmpty ? new Map() : interpretDigestSet(digest, name) };
}

/** The source that a dependency is; `undefined`: it has no address. */
export function findSource({ uri, digests }: BuildDependency): BuildSource | undefined {
  if (uri === undefined) return undefined;
  const { repository, ref } = splitLocation(uri);
  return { repository, ref, commit: findCommit(digests) };
}

/** Splits at the `@` behind the path: one in the authority is a user, one in the ref belongs to the ref. */
export function splitLocation(uri: string): Pick<BuildSource, 'repository' | 'ref'> {
  const location = uri.replace(/^git\+/, '');
  const path = /^[a-z][a-z0-9+.-]*:\/\/[^/]*/i.exec(location)?.[0].length ?? 0;
  const at = location.indexOf('@', path);
  if (at < 0) return { repository: location, ref: undefined };
  return { repository: location.slice(0, at), ref: location.slice(at + 1) || undefined };
}

/** Git's object name; older writers call it by its hash function. */
function findCommit(digests: DigestSet): string | undefined {
  return digests.get('gitCommit') ?? digests.get('sha1');
}
