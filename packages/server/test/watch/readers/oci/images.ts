/** Images of the tests, and what is hung on them, in any registry that takes blobs and manifests. */
import { createHash } from 'node:crypto';
import { encodeText } from '@signpost/protocol/bytes/text';
import type { OlderSignature } from '../signing.ts';

/** What a registry of the tests takes. */
export interface ImageStore {
  putBlob(bytes: Uint8Array): Promise<void>;
  putManifest(reference: string, bytes: Uint8Array, mediaType: string): Promise<void>;
}

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';
export const simpleSigning = 'application/vnd.dev.cosign.simplesigning.v1+json';
export const envelopeType = 'application/vnd.dsse.envelope.v1+json';
const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const emptyType = 'application/vnd.oci.empty.v1+json';

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A layer to be pushed. */
interface Layer {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A manifest to be pushed. */
interface Made {
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly size: number;
}

async function putLayer(store: ImageStore, { mediaType, bytes, annotations }: Layer): Promise<object> {
  await store.putBlob(bytes);
  return { mediaType, digest: digestOf(bytes), size: bytes.length, ...(annotations && { annotations }) };
}

/** Pushes a manifest with its layers; by its digest unless a tag is given. */
export async function putArtifact(
  store: ImageStore,
  layers: readonly Layer[],
  { tag, ...members }: { readonly tag?: string; readonly [member: string]: unknown } = {},
): Promise<Made> {
  const config = await putLayer(store, { mediaType: emptyType, bytes: encodeText('{}') });
  const described: object[] = [];
  for (const layer of layers) described.push(await putLayer(store, layer));
  const bytes = encodeText(
    JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: described, ...members }),
  );
  const digest = digestOf(bytes);
  await store.putManifest(tag ?? digest, bytes, manifestType);
  return { bytes, digest, size: bytes.length };
}

/** Pushes an image and gives its digest. */
export async function putImage(store: ImageStore, tag: string, text: string = tag): Promise<string> {
  const bytes = encodeText(`layer of ${text}`);
  const { digest } = await putArtifact(store, [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes }], {
    tag,
  });
  return digest;
}

/** Hangs signatures on an image as cosign 1 and 2 did. */
export async function putOlderSignatures(
  store: ImageStore,
  digest: string,
  signatures: readonly OlderSignature[],
): Promise<void> {
  const layers = signatures.map(({ payload, annotations }) => ({
    ...{ mediaType: simpleSigning, bytes: payload, annotations },
  }));
  await putArtifact(store, layers, { tag: `${digest.replace(':', '-')}.sig` });
}

/** Pushes a bundle that says itself what it is about, and gives its descriptor. */
export async function putReferrer(store: ImageStore, digest: string, bundle: Uint8Array): Promise<object> {
  const subject = { mediaType: manifestType, digest, size: 1 };
  const made = await putArtifact(store, [{ mediaType: bundleType, bytes: bundle }], {
    artifactType: bundleType,
    subject,
  });
  return { mediaType: manifestType, digest: made.digest, size: made.size, artifactType: bundleType };
}

/** Writes the tag that stands in for the referrers API. */
export async function putFallback(store: ImageStore, digest: string, referrers: readonly object[]): Promise<void> {
  const index = { schemaVersion: 2, mediaType: indexType, manifests: referrers };
  await store.putManifest(digest.replace(':', '-'), encodeText(JSON.stringify(index)), indexType);
}
