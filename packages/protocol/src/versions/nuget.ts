/** The order of NuGet's versions: Semantic Versioning with up to four numbers, missing ones being zero, and labels without case. */
import { compareIdentifiers, compareNumbers } from './numbers.ts';

/** A version, taken apart. */
export interface NugetVersion {
  readonly numbers: readonly string[];
  /** In lower case. */
  readonly labels: readonly string[];
}

const versionPattern = /^v?(\d+(?:\.\d+){0,3})(?:-([0-9a-z-]+(?:\.[0-9a-z-]+)*))?(?:\+[0-9a-z.-]+)?$/;
const maxLength = 256;

/** `text` as a NuGet version; `undefined`: it is none, or longer than 256 characters. */
export function parseNugetVersion(text: string): NugetVersion | undefined {
  const match = text.length <= maxLength ? versionPattern.exec(text.trim().toLowerCase()) : null;
  if (!match) return undefined;
  return { numbers: (match[1] ?? '').split('.'), labels: match[2]?.split('.') ?? [] };
}

/** Negative when `left` comes before `right`, zero when they differ in build metadata only. */
export function compareNugetVersions(left: NugetVersion, right: NugetVersion): number {
  for (let index = 0; index < 4; index++) {
    const order = compareNumbers(left.numbers[index] ?? '0', right.numbers[index] ?? '0');
    if (order !== 0) return order;
  }
  // A release comes after its pre-releases.
  if (left.labels.length === 0 || right.labels.length === 0) return right.labels.length - left.labels.length;
  return compareIdentifiers(left.labels, right.labels);
}
