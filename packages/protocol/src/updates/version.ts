/** The order of versions (Semantic Versioning 2.0.0, clause 11); versions of any other form have none. */
import { compareSemanticVersions, parseSemanticVersion } from '../versions/semver.ts';

/** Which of two versions is later. `incomparable`: they differ, and at least one is not a semantic version. */
export type VersionOrder = 'older' | 'same' | 'newer' | 'incomparable';

/** How `version` stands to `reference`: `newer` when it comes after. Build metadata does not count (clause 10). */
export function compareVersions(version: string, reference: string): VersionOrder {
  if (version === reference) return 'same';
  const left = parseSemanticVersion(version);
  const right = parseSemanticVersion(reference);
  if (!left || !right) return 'incomparable';
  const order = compareSemanticVersions(left, right);
  return order === 0 ? 'same' : order < 0 ? 'older' : 'newer';
}
