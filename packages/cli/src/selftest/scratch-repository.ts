/** A repository of images to try things in (OCI Distribution 1.1, "Push"): minimal images, and bundles that hang on them. */
import { createHash } from 'node:crypto';
import { encodeText } from '@signpost/protocol/bytes/text';

/** Where blobs and manifests are put. */
export interface ScratchRepository {
  /** `host/repository`. */
  readonly name: string;
  putBlob(digest: string, bytes: Uint8Array): Promise<void>;
  putManifest(reference: string, bytes: Uint8Array, mediaType: string): Promise<void>;
  /** Takes away what was put, as far as the registry lets anybody. */
  remove(digest: string): Promise<void>;
  close(): Promise<void>;
}

/** An image in the repository. */
export interface ScratchImage {
  readonly tag: string;
  /** Hex SHA-256. */
  readonly content: string;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';
const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/**
 * Pushes an image of one small layer; `sign` gives the bundle that hangs on it, which is there before the tag is. Gives the image and the digests of
 * all manifests.
 */
export async function pushImage(
  repository: ScratchRepository,
  tag: string,
  sign?: (content: string) => Promise<Uint8Array>,
): Promise<{ readonly image: ScratchImage; readonly digests: readonly string[] }> {
  const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: encodeText(`self-test ${tag}\n`) };
  const made = await putManifest(repository, [layer]);
  const digests = [made.digest];
  if (sign) {
    const bundle = { mediaType: bundleType, bytes: await sign(made.digest.slice('sha256:'.length)) };
    const subject = { mediaType: manifestType, digest: made.digest, size: made.bytes.length };
    const referrer = await putManifest(repository, [bundle], { artifactType: bundleType, subject });
    const described = {
      mediaType: manifestType,
      digest: referrer.digest,
      size: referrer.bytes.length,
      artifactType: bundleType,
    };
    const index = encodeText(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [described] }));
    await repository.putManifest(made.digest.replace(':', '-'), index, indexType);
    digests.unshift(digestOf(index), referrer.digest);
  }
  await repository.putManifest(tag, made.bytes, manifestType);
  return { image: { tag, content: made.digest.slice('sha256:'.length) }, digests };
}

interface Layer {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

async function putManifest(repository: ScratchRepository, layers: readonly Layer[], members: object = {}) {
  const config = await putLayer(repository, {
    mediaType: 'application/vnd.oci.empty.v1+json',
    bytes: encodeText('{}'),
  });
  const described = [];
  for (const layer of layers) described.push(await putLayer(repository, layer));
  const bytes = encodeText(
    JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: described, ...members }),
  );
  const digest = digestOf(bytes);
  await repository.putManifest(digest, bytes, manifestType);
  return { bytes, digest };
}

async function putLayer(repository: ScratchRepository, { mediaType, bytes }: Layer) {
  const digest = digestOf(bytes);
  await repository.putBlob(digest, bytes);
  return { mediaType, digest, size: bytes.length };
}

/** The digest of bytes as registries write it. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
