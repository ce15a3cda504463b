/** The order of versions by ecosystem, under the names of package URL types. */
import { compareComposerVersions, parseComposerVersion } from './composer.ts';
import { compareDebianVersions, parseDebianVersion } from './debian.ts';
import { compareGemVersions, parseGemVersion } from './gem.ts';
import { compareMavenVersions, parseMavenVersion } from './maven.ts';
import { compareNugetVersions, parseNugetVersion } from './nuget.ts';
import { comparePythonVersions, parsePythonVersion } from './pep440.ts';
import { compareSemanticVersions, parseSemanticVersion } from './semver.ts';

/** How the versions of an ecosystem are ordered. */
export type VersionScheme = 'semver' | 'pep440' | 'composer' | 'debian' | 'gem' | 'nuget' | 'maven';

const schemes: Readonly<Record<string, VersionScheme>> = {
  npm: 'semver',
  golang: 'semver',
  cargo: 'semver',
  hex: 'semver',
  pub: 'semver',
  swift: 'semver',
  pypi: 'pep440',
  composer: 'composer',
  deb: 'debian',
  gem: 'gem',
  nuget: 'nuget',
  maven: 'maven',
};

/** The order of a package URL type; `undefined`: an ecosystem whose order is not known here. */
export function findVersionScheme(purlType: string): VersionScheme | undefined {
  return Object.hasOwn(schemes, purlType) ? schemes[purlType] : undefined;
}

/**
 * Negative when `left` comes before `right`; `undefined` when one of them is no version of the scheme, so that nobody knows.
 * A leading `v` is no part of a semantic version (Go writes one).
 */
export function orderVersions(scheme: VersionScheme, left: string, right: string): number | undefined {
  switch (scheme) {
    case 'semver':
      return order(left.replace(/^v/, ''), right.replace(/^v/, ''), parseSemanticVersion, compareSemanticVersions);
    case 'pep440':
      return order(left, right, parsePythonVersion, comparePythonVersions);
    case 'composer':
      return order(left, right, parseComposerVersion, compareComposerVersions);
    case 'debian':
      return order(left, right, parseDebianVersion, compareDebianVersions);
    case 'gem':
      return order(left, right, parseGemVersion, compareGemVersions);
    case 'nuget':
      return order(left, right, parseNugetVersion, compareNugetVersions);
    case 'maven':
      return order(left, right, parseMavenVersion, compareMavenVersions);
  }
}

function order<T>(
  left: string,
  right: string,
  parse: (text: string) => T | undefined,
  compare: (left: T, right: T) => number,
): number | undefined {
  const [a, b] = [parse(left), parse(right)];
  return a === undefined || b === undefined ? undefined : compare(a, b);
}
