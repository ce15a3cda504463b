/** Takes bundles out of the documents that registries and forges serve: GitHub, npm, PyPI (PEP 740), and lines of JSON. */
import { encodeText, parseText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import { statementPayloadType } from '../intoto/statement.ts';
import { isJsonObject, type JsonObject, type JsonValue, parseForeignJson, readMember } from '../json/foreign.ts';

/** Above this a document is refused unread, in bytes. */
export const maxAttestationsBytes: number = 16 * 1024 * 1024;

/** The most bundles in one document. */
export const maxAttestations = 100;

const bundleMediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/**
 * The bundles in a document, each as the JSON that `parseBundle` reads: a bundle itself, several on a line each (`gh attestation
 * download`), `attestations` as GitHub and npm answer, one attestation or the provenance of a file by PyPI. At least one. Nothing is
 * verified, and what stands beside the bundles is left out: nothing authenticates it. Throws `too_large` or `malformed`.
 */
export function extractBundles(bytes: Uint8Array): readonly Uint8Array<ArrayBuffer>[] {
  const bundles = parseDocuments(bytes).flatMap(extractAll);
  if (bundles.length > maxAttestations) {
    throw new TrustError('too_large', `expected at most ${maxAttestations} bundles, got ${bundles.length}`);
  }
  if (bundles.length === 0) throw new TrustError('malformed', 'expected at least one bundle');
  return bundles.map((bundle) => encodeText(JSON.stringify(bundle)));
}

/** One document, however many lines it has, or one on each line. */
function parseDocuments(bytes: Uint8Array): readonly JsonValue[] {
  const limits = { maxBytes: maxAttestationsBytes, maxDepth: 32, maxValues: 1_000_000 };
  if (bytes.length > limits.maxBytes) return [parseForeignJson(bytes, limits)];
  const lines = parseText(bytes)
    .split('\n')
    .filter((line) => line.trim() !== '');
  if (lines.length < 2 || !lines.every((line) => /^\s*\{.*\}\s*$/.test(line))) return [parseForeignJson(bytes, limits)];
  if (lines.length > maxAttestations) throw new TrustError('too_large', `expected at most ${maxAttestations} lines`);
  return lines.map((line) => parseForeignJson(encodeText(line), limits));
}

function extractAll(document: JsonValue): readonly JsonObject[] {
  const object = asObject(document, 'a document with bundles');
  if (Object.hasOwn(object, 'mediaType')) return [object];
  if (Object.hasOwn(object, 'attestation_bundles')) return extractPyPiProvenance(object);
  if (Object.hasOwn(object, 'verification_material')) return [convertPyPiAttestation(object)];
  return readList(object, 'attestations').map((attestation) =>
    asObject(readMember(asObject(attestation, 'an attestation'), 'bundle'), 'the bundle of an attestation'),
  );
}

/** Provenance of a file: bundles of attestations by publisher (PEP 740, "Provenance objects"). */
function extractPyPiProvenance(provenance: JsonObject): readonly JsonObject[] {
  assertVersion(provenance);
  return readList(provenance, 'attestation_bundles').flatMap((bundle) =>
    readList(asObject(bundle, 'an attestation bundle'), 'attestations').map((attestation) =>
      convertPyPiAttestation(asObject(attestation, 'an attestation')),
    ),
  );
}

/** An attestation object (PEP 740) has the same content under other names, and no payload type: it is always a statement. */
function convertPyPiAttestation(attestation: JsonObject): JsonObject {
  assertVersion(attestation);
  const material = asObject(readMember(attestation, 'verification_material'), 'verification_material');
  const envelope = asObject(readMember(attestation, 'envelope'), 'envelope');
  return {
    mediaType: bundleMediaType,
    verificationMaterial: {
      certificate: { rawBytes: readText(material, 'certificate') },
      tlogEntries: readList(material, 'transparency_entries'),
    },
    dsseEnvelope: {
      payload: readText(envelope, 'statement'),
      payloadType: statementPayloadType,
      signatures: [{ sig: readText(envelope, 'signature') }],
    },
  };
}

function assertVersion(object: JsonObject): void {
  if (readMember(object, 'version') !== 1) throw new TrustError('malformed', 'expected attestations of version 1');
}

function asObject(value: JsonValue | undefined, what: string): JsonObject {
  if (!isJsonObject(value)) throw new TrustError('malformed', `expected ${what} to be an object`);
  return value;
}

function readList(object: JsonObject, name: string): readonly JsonValue[] {
  const value = readMember(object, name);
  if (!Array.isArray(value)) throw new TrustError('malformed', `expected ${name} to be an array`);
  return value;
}

function readText(object: JsonObject, name: string): string {
  const value = readMember(object, name);
  if (typeof value !== 'string') throw new TrustError('malformed', `expected ${name} to be text`);
  return value;
}
