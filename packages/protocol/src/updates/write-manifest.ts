/** Writes the `manifest` object that a signing key signs (docs/protocol/manifest.md). */
import type { SignableObject } from '../json/canonical.ts';
import { encodeTime } from '../json/time.ts';
import { type Artifact, type LocaleMap, type Manifest, manifestSchemaVersion, type ScanFacts } from './manifest.ts';
import { encodeReleaseEvidence } from './release-evidence.ts';

/** What a manifest says. A parsed `Manifest` is one. */
export type ManifestFields = Manifest;

/** The document that `parseManifest` reads back to the same fields. It judges nothing: parse it before signing. */
export function createManifestDocument(fields: ManifestFields): SignableObject {
  return {
    manifest_schema_version: manifestSchemaVersion,
    project: fields.project,
    channel: fields.channel,
    version: fields.version,
    counter: fields.counter,
    // Clients that know no epochs need not see one while none was ever raised.
    counter_epoch: fields.counterEpoch === 0 ? undefined : fields.counterEpoch,
    key_id: fields.keyId,
    signed_at: encodeTime(fields.signedAt),
    expires_at: encodeOptionalTime(fields.expiresAt),
    ...encodeFile(fields.main),
    artifacts: fields.artifacts.length === 0 ? undefined : fields.artifacts.map(encodeArtifact),
    min_version: fields.minVersion,
    scan: fields.scan && encodeScanFacts(fields.scan),
    evidence: fields.evidence && encodeReleaseEvidence(fields.evidence),
    name: encodeLocaleMap(fields.name),
    description: encodeLocaleMap(fields.description),
    changelog: encodeLocaleMap(fields.changelog),
  };
}

function encodeFile({ sha256, sizeBytes, url }: Manifest['main']): SignableObject {
  return { sha256, size_bytes: sizeBytes, url };
}

function encodeArtifact(artifact: Artifact): SignableObject {
  const { name, platform, mediaType, sha512 } = artifact;
  return { ...encodeFile(artifact), name, platform, media_type: mediaType, sha512 };
}

function encodeScanFacts({ status, engine, engineVersion, signatureDate, scannedAt }: ScanFacts): SignableObject {
  return {
    status,
    engine,
    engine_version: engineVersion,
    signature_date: encodeOptionalTime(signatureDate),
    scanned_at: encodeOptionalTime(scannedAt),
  };
}

/** An empty map cannot be signed and says nothing: it counts as absent. */
function encodeLocaleMap(map: LocaleMap | undefined): SignableObject | undefined {
  return map === undefined || Object.keys(map).length === 0 ? undefined : { ...map };
}

function encodeOptionalTime(time: number | undefined): string | undefined {
  return time === undefined ? undefined : encodeTime(time);
}
