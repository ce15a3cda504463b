/** The order of versions (Semantic Versioning 2.0.0, clause 11); versions of any other form have none. */

/** Which of two versions is later. `incomparable`: they differ, and at least one is not a semantic version. */
export type VersionOrder = 'older' | 'same' | 'newer' | 'incomparable';

/** How `version` stands to `reference`: `newer` when it comes after. Build metadata does not count (clause 10). */
export function compareVersions(version: string, reference: string): VersionOrder {
  if (version === reference) return 'same';
  const left = parseSemver(version);
  const right = parseSemver(reference);
  if (!left || !right) return 'incomparable';
  const order = compareIdentifiers(left.core, right.core) || comparePrereleases(left.prerelease, right.prerelease);
  return order === 0 ? 'same' : order < 0 ? 'older' : 'newer';
}

interface Semver {
  readonly core: readonly string[];
  readonly prerelease: readonly string[];
}

// Clause 2 (no leading zeros) and clause 9 (identifiers of pre-releases).
const corePattern =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const identifierPattern = /^(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)$/;

function parseSemver(text: string): Semver | undefined {
  const match = corePattern.exec(text);
  if (!match) return undefined;
  const prerelease = match[4]?.split('.') ?? [];
  if (!prerelease.every((identifier) => identifierPattern.test(identifier))) return undefined;
  return { core: match.slice(1, 4), prerelease };
}

function comparePrereleases(left: readonly string[], right: readonly string[]): number {
  // Clause 11.3: a release comes after its pre-releases.
  if (left.length === 0 || right.length === 0) return right.length - left.length;
  return compareIdentifiers(left, right);
}

/** Clause 11.4: the first difference decides; of two that differ in length only, the longer comes after. */
function compareIdentifiers(left: readonly string[], right: readonly string[]): number {
  for (const [index, identifier] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = compareIdentifier(identifier, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareIdentifier(left: string, right: string): number {
  if (left === right) return 0;
  const leftNumeric = /^\d+$/.test(left);
  if (leftNumeric !== /^\d+$/.test(right)) return leftNumeric ? -1 : 1;
  // Without leading zeros the longer number is the larger one: no loss of digits above 2^53.
  if (leftNumeric && left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : 1;
}
