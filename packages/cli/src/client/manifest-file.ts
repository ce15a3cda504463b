/** The files of a verified manifest, by name or platform. */
import { TrustError } from '@signpost/protocol/errors';
import type { Artifact } from '@signpost/protocol/updates/manifest';
import { fileNamePattern, versionPattern } from '@signpost/protocol/updates/names';
import type { VerifiedManifest } from '@signpost/protocol/updates/verify-manifest';
import { Failure } from '../terminal/failure.ts';

/** A file of a release with the name that it gets on disk. */
export type ReleaseFile = Pick<Artifact, 'name' | 'platform' | 'sha256' | 'sizeBytes' | 'url'>;

/**
 * All files of a release; the main one alone when the manifest lists none. Throws TrustError `malformed` when its URL
 * then ends in nothing that may be a file name.
 */
export function filesOf(manifest: Pick<VerifiedManifest, 'artifacts' | 'main'>): readonly ReleaseFile[] {
  if (manifest.artifacts.length > 0) return manifest.artifacts;
  const name = segmentsOf(manifest.main.url).at(-1) ?? '';
  if (!fileNamePattern.test(name)) throw malformed('a URL that ends in a file name');
  return [{ ...manifest.main, name, platform: 'any' }];
}

/**
 * The parts of the path at which a mirror serves a file, below its root. Throws TrustError `malformed` for a file that
 * is not below its project: whoever signs for one project must not choose what the mirror answers elsewhere.
 */
export function pathOf(
  { project }: Pick<VerifiedManifest, 'project'>,
  { url }: Pick<ReleaseFile, 'url'>,
): readonly string[] {
  const [first, ...rest] = segmentsOf(url);
  const isBelow = first === project && rest.length > 0;
  if (!isBelow || !rest.every((segment) => versionPattern.test(segment) || fileNamePattern.test(segment))) {
    throw malformed(`a URL below /${project}/ to be mirrored`);
  }
  return [first, ...rest];
}

/** The parts of a URL's path, decoded. Throws TrustError `malformed` for what is no UTF-8. */
export function segmentsOf(url: string): readonly string[] {
  try {
    return decodeURIComponent(url).split('/').slice(1);
  } catch (cause) {
    throw malformed('a URL in UTF-8', cause);
  }
}

function malformed(expected: string, cause?: unknown): TrustError {
  return new TrustError('malformed', `expected ${expected}`, { cause });
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
