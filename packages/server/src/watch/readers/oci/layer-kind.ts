/** What layers and artifacts beside images are, by their media types. */

/** What a layer may be. */
export type LayerKind = 'bundle' | 'cosign-signature' | 'envelope' | 'sbom' | 'foreign-signature';

const layerKinds: readonly (readonly [RegExp, LayerKind])[] = [
  // sigstore/protobuf-specs, versions 0.1 to 0.3 and those to come, which are refused by name.
  [/^application\/vnd\.dev\.sigstore\.bundle(?:\.v[0-9.]+)?\+json(?:;|$)/, 'bundle'],
  // sigstore/cosign, specs/SIGNATURE_SPEC.md.
  [/^application\/vnd\.dev\.cosign\.simplesigning\.v1\+json$/, 'cosign-signature'],
  // sigstore/cosign, specs/ATTESTATION_SPEC.md; in-toto/attestation, spec/v1/envelope.md.
  [/^application\/vnd\.(?:dsse\.envelope\.v1\+json|in-toto\+dsse|in-toto(?:\.[a-z0-9-]+)+\+dsse)$/, 'envelope'],
  [/^(?:application|text)\/spdx(?:\+(?:json|xml))?$/, 'sbom'],
  [/^application\/vnd\.(?:cyclonedx|syft)(?:\+(?:json|xml))?$/, 'sbom'],
  // notaryproject/specifications, signature-specification.md.
  [/^application\/(?:jose\+json|cose)$/, 'foreign-signature'],
];

/** What a layer of this media type is; nothing that says who signed. */
export function classifyLayer(mediaType: string): LayerKind | undefined {
  return layerKinds.find(([pattern]) => pattern.test(mediaType))?.[1];
}

/**
 * Whether an artifact of this type may be a signature, an attestation or an SBOM. Types that say nothing are looked into: registries
 * without the referrers API, and older tools, write those.
 */
export function mayBeEvidence(artifactType: string | undefined): boolean {
  if (artifactType === undefined || sayNothing.has(artifactType)) return true;
  return classifyLayer(artifactType) !== undefined || evidenceTypes.test(artifactType);
}

/** From the likeliest: whoever says by the type what it is comes before whoever says nothing. */
export function rankType(artifactType: string | undefined): number {
  return artifactType === undefined || sayNothing.has(artifactType) ? 1 : 0;
}

const sayNothing: ReadonlySet<string> = new Set([
  'application/vnd.oci.empty.v1+json',
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
  'application/vnd.unknown.artifact.v1',
  'application/octet-stream',
  'application/json',
]);

/** `application/vnd.dev.cosign.artifact.sig.v1+json`, `application/vnd.cncf.notary.signature`, `application/vnd.in-toto+json`. */
const evidenceTypes = /^application\/(?:vnd\.dev\.(?:cosign|sigstore)\.|vnd\.cncf\.notary\.|vnd\.in-toto[.+])/;
