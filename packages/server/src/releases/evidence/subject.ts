/** The artifact that evidence is about: found among the releases, handed to the plane of evidence as digests. */
import { Refusal } from '../../errors.ts';
import type { SbomSubject } from '../../evidence/sboms/sbom.ts';
import type { AppEnv } from '../../http/context.ts';
import type { Query } from '../../storage/database.ts';
import { isPublic, mayReadDrafts } from '../lifecycle/audience.ts';
import { type ReleaseName, requireRelease } from '../lifecycle/release.ts';
import { type ArtifactRow, listArtifacts, type ReleaseRow } from '../lifecycle/store.ts';

/** Who asks. */
export type Reader = Pick<AppEnv['Variables'], 'organisation' | 'principal'>;

/** A release with its files. */
export interface ReleaseWithFiles {
  readonly release: ReleaseRow;
  readonly artifacts: readonly ArtifactRow[];
}

/** The release, unless whoever asks may not see it. Throws `not_found`. */
export async function requireVisibleRelease(
  query: Query,
  { organisation, principal }: Reader,
  name: ReleaseName,
): Promise<ReleaseWithFiles> {
  const { release } = await requireRelease(query, organisation.id, name);
  if (!isPublic(release) && !mayReadDrafts(principal, name.slug)) throw new Refusal('not_found', 'no such release');
  return { release, artifacts: await listArtifacts(query, [release.id]) };
}

/** The file of that digest, or the main one. Throws `not_found`. */
export function chooseArtifact({ artifacts }: ReleaseWithFiles, sha256: string | undefined): ArtifactRow {
  const artifact = sha256 === undefined ? artifacts[0] : artifacts.find((candidate) => candidate.sha256 === sha256);
  if (!artifact) throw new Refusal('not_found', 'the release has no such file');
  return artifact;
}

/** A file of a release as the plane of evidence knows it. */
export function describeSubject(
  { slug, version }: ReleaseName,
  release: ReleaseRow,
  artifact: ArtifactRow,
): SbomSubject {
  const { sha1, sha256, sha384, sha512, blake2b512 } = artifact;
  return {
    ...{ projectId: release.project_id, releaseId: release.id, project: slug, version },
    artifactSha256: sha256,
    digests: { sha1, sha256, sha384, sha512, blake2b512 },
  };
}
