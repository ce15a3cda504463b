/** Lines: what of a source is judged together. A back-port of an old major version is no downgrade of the new one. */

// Semantic Versioning 2.0.0, with or without a `v`, and with the shorter forms that tags have.
const versionPattern = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?((?:[-.][0-9A-Za-z.-]+)?)(?:\+[0-9A-Za-z.-]+)?$/;
const preReleasePattern =
  /^[-.](?:alpha|beta|rc|pre|preview|next|canary|nightly|dev|snapshot|a|b|m)(?:[.-]?\d|[.-]|$)/i;
const pullRequestPattern = /^(?:pr|pull|mr)[-_/.]?\d+/i;
const nightlyPattern = /(?:^|[-_.])(?:nightly|dev|develop|edge|snapshot|canary|main|master|trunk|unstable)(?:$|[-_.])/i;
const releasePattern = /^(?:latest|stable|lts|release|current)$/i;

/** The line of an artifact that a tag or version names: a major version, `pre`, `nightly`, `pr`, `release` or `other`. */
export function lineOf(name: string | undefined): string {
  if (name === undefined) return 'other';
  const [, major, , , suffix = ''] = versionPattern.exec(name) ?? [];
  if (major !== undefined && major.length <= 8) return preReleasePattern.test(suffix) ? 'pre' : String(Number(major));
  if (releasePattern.test(name)) return 'release';
  if (pullRequestPattern.test(name)) return 'pr';
  return nightlyPattern.test(name) ? 'nightly' : 'other';
}

/** Whether a tag names one release and by custom never moves: all three parts of a version. */
export function isReleaseTag(name: string): boolean {
  const [, major, minor, patch] = versionPattern.exec(name) ?? [];
  return major !== undefined && minor !== undefined && patch !== undefined;
}
