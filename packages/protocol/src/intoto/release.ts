/** Release statements: which artifacts a release consists of (in-toto/attestation, spec/predicates/release.md; npm's older form is read). */
import { TrustError } from '../errors.ts';
import type { JsonObject } from '../json/foreign.ts';
import { interpretOptionalText, interpretText } from './members.ts';
import type { Statement } from './statement.ts';

/** The predicate type that is written; GitHub writes v0.2, which renamed one member. */
export const releaseType = 'https://in-toto.io/attestation/release/v0.1';

const readTypes: readonly string[] = [releaseType, 'https://in-toto.io/attestation/release/v0.2'];
const npmPublishType = 'https://github.com/npm/attestation/tree/main/specs/publish/v0.1';

/** A release by name. It says who published, not who built. */
export interface ReleaseNote {
  /** With the version (package-url/purl-spec). */
  readonly purl: string;
  /** Stays the same when the package is renamed. */
  readonly packageId: string | undefined;
}

/** Whether statements of this type say that their subjects were released. */
export function isReleaseType(predicateType: string): boolean {
  return predicateType === npmPublishType || readTypes.includes(predicateType);
}

/** The release that a statement is about. Throws `malformed` for other predicates, and for a purl without a version. */
export function parseRelease({ subjects, predicateType, predicate }: Statement): ReleaseNote {
  if (predicateType === npmPublishType) return interpretNpmPublish(subjects[0]?.name, predicate);
  if (!readTypes.includes(predicateType)) {
    throw new TrustError('malformed', `expected a release statement, got ${predicateType.slice(0, 200)}`);
  }
  const purl = assertVersioned(interpretText(predicate, 'purl'));
  const packageId = interpretOptionalText(predicate, 'packageId') ?? interpretOptionalText(predicate, 'releaseId');
  return { purl, packageId };
}

/** The subject of npm's statement is the purl itself; the predicate repeats name and version. */
function interpretNpmPublish(purl: string | undefined, predicate: JsonObject): ReleaseNote {
  const [name, version] = [interpretText(predicate, 'name'), interpretText(predicate, 'version')];
  if (purl === undefined || purl !== encodeNpmPurl(name, version)) {
    throw new TrustError('malformed', `expected a subject of the same package and version as the predicate's`);
  }
  return { purl, packageId: undefined };
}

/** The purl of an npm package, as npm's registry writes it. */
export function encodeNpmPurl(name: string, version: string): string {
  return `pkg:npm/${name.replace(/^@/, '%40')}@${version.replaceAll('+', '%2B')}`;
}

function assertVersioned(purl: string): string {
  if (!/^pkg:[a-z][a-z0-9.+-]*\/[^@?#]+@[^@?#]+(?:[?#].*)?$/i.test(purl)) {
    throw new TrustError('malformed', 'expected purl to be a package URL with a version');
  }
  return purl;
}
