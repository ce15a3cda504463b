/** The files of a verified manifest, by name or platform. */
import type { Artifact } from '@signpost/protocol/updates/manifest';
import type { VerifiedManifest } from '@signpost/protocol/updates/verify-manifest';
import { Failure } from '../terminal/failure.ts';

/** A file of a release with the name that it gets on disk. */
export type ReleaseFile = Pick<Artifact, 'name' | 'platform' | 'sha256' | 'sizeBytes' | 'url'>;

/** All files of a release; the main one alone when the manifest lists none. */
export function filesOf(manifest: VerifiedManifest): readonly ReleaseFile[] {
  if (manifest.artifacts.length > 0) return manifest.artifacts;
  const name = decodeURIComponent(manifest.main.url.split('/').at(-1) ?? '');
  return [{ ...manifest.main, name, platform: 'any' }];
}

/** The one file that `name` or `platform` picks; the main file when neither is given. Throws Failure with the choices. */
export function chooseFile(
  manifest: VerifiedManifest,
  { name, platform }: { name: string | undefined; platform: string | undefined },
): ReleaseFile {
  const files = filesOf(manifest);
  const asked = name !== undefined || platform !== undefined;
  const file = files.find((candidate) =>
    asked
      ? (name ?? candidate.name) === candidate.name && (platform ?? candidate.platform) === candidate.platform
      : candidate.url === manifest.main.url,
  );
  if (file) return file;
  throw new Failure('refused', `release ${manifest.version} has no such file`, {
    hint: `it has ${files.map((candidate) => `${candidate.name} (${candidate.platform})`).join(', ')}`,
  });
}
