/** The order of semantic versions (Semantic Versioning 2.0.0, clause 11). */
import { compareIdentifiers } from './numbers.ts';

/** A semantic version, taken apart. Numbers stay text, so that none loses digits. */
export interface SemanticVersion {
  /** Major, minor, patch, without leading zeros. */
  readonly core: readonly [string, string, string];
  readonly prerelease: readonly string[];
}

// Clause 2 (no leading zeros), clause 9 (identifiers of pre-releases), clause 10 (build metadata).
const corePattern =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const identifierPattern = /^(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)$/;

/** `text` as a semantic version; `undefined`: it is none. */
export function parseSemanticVersion(text: string): SemanticVersion | undefined {
  const match = corePattern.exec(text);
  if (!match) return undefined;
  const [, major = '', minor = '', patch = '', tail] = match;
  const prerelease = tail?.split('.') ?? [];
  if (!prerelease.every((identifier) => identifierPattern.test(identifier))) return undefined;
  return { core: [major, minor, patch], prerelease };
}

/** Negative when `left` comes before `right`, zero when their precedence is the same: build metadata does not count. */
export function compareSemanticVersions(left: SemanticVersion, right: SemanticVersion): number {
  return compareIdentifiers(left.core, right.core) || comparePrereleases(left.prerelease, right.prerelease);
}

function comparePrereleases(left: readonly string[], right: readonly string[]): number {
  // Clause 11.3: a release comes after its pre-releases.
  if (left.length === 0 || right.length === 0) return right.length - left.length;
  return compareIdentifiers(left, right);
}
