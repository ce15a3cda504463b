/** Signatures in cosign's older form (sigstore/cosign, specs/SIGNATURE_SPEC.md) as the bundles that they would be today. */
import { parsePem } from '@signpost/protocol/asn1/pem';
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { parseHex } from '@signpost/protocol/bytes/hex';
import { hashSha256 } from '@signpost/protocol/bytes/sha256';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { isJsonObject, type JsonObject, parseForeignJson, readMember } from '@signpost/protocol/json/foreign';
import { type Bundle, parseBundle } from '@signpost/protocol/sigstore/bundle';
import { isEntryKind } from '@signpost/protocol/sigstore/bundle-log-entry';
import { isSelfIssued, parseCertificate } from '@signpost/protocol/x509/certificate';
import { type Annotations, maxSignatureBytes } from './found-signature.ts';

const names = {
  signature: 'dev.cosignproject.cosign/signature',
  certificate: 'dev.sigstore.cosign/certificate',
  chain: 'dev.sigstore.cosign/chain',
  bundle: 'dev.sigstore.cosign/bundle',
  timestamp: 'dev.sigstore.cosign/rfc3161timestamp',
} as const;

const payloadType = 'cosign container image signature';

/** Longer annotations are refused unread, in characters. */
const maxCharacters = 1024 * 1024;
const maxPayloadBytes = 64 * 1024;

/**
 * The bundle of a signature over `payload`. Throws a TrustError: `subject_mismatch` when the payload is about another image than the one
 * with this digest (hex SHA-256), and otherwise as `parseBundle`.
 */
export function convertSignature(payload: Uint8Array<ArrayBuffer>, annotations: Annotations, content: string): Bundle {
  assertPayload(payload, content);
  return assemble(annotations, {
    messageSignature: {
      messageDigest: { algorithm: 'SHA2_256', digest: encodeBase64(hashSha256(payload)) },
      signature: annotations.get(names.signature) ?? '',
    },
  });
}

/** The bundle of an envelope. Throws a TrustError as `parseBundle`. */
export function convertAttestation(envelope: Uint8Array<ArrayBuffer>, annotations: Annotations): Bundle {
  return assemble(annotations, { dsseEnvelope: parseObject(envelope, maxSignatureBytes, 'the envelope') });
}

/** "Simple signing" (containers/image, docs/containers-signature.5.md). The name in it is not looked at: mirrors have others. */
function assertPayload(payload: Uint8Array<ArrayBuffer>, content: string): void {
  const critical = readObject(parseObject(payload, maxPayloadBytes, 'the payload'), 'critical');
  if (readMember(critical, 'type') !== payloadType) throw new TrustError('malformed', `expected a ${payloadType}`);
  const digest = readMember(readObject(critical, 'image'), 'docker-manifest-digest');
  if (digest !== `sha256:${content}`) {
    throw new TrustError('subject_mismatch', 'expected a signature of this image, got one of another');
  }
}

/** Version 0.1 is what these annotations were made of: a promise of the log, and no proof. */
function assemble(annotations: Annotations, content: object): Bundle {
  const entry = annotations.get(names.bundle);
  const timestamp = annotations.get(names.timestamp);
  const document = {
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: {
      ...describeSigner(annotations),
      tlogEntries: isGiven(entry) ? [describeEntry(entry)] : [],
      ...(isGiven(timestamp) && { timestampVerificationData: { rfc3161Timestamps: [describeTimestamp(timestamp)] } }),
    },
    ...content,
  };
  return parseBundle(encodeText(JSON.stringify(document)), { maxBytes: 2 * maxSignatureBytes });
}

/** Empty and `null` are how some tools write that there is none. */
function isGiven(text: string | undefined): text is string {
  return text !== undefined && text !== '' && text !== 'null';
}

/** Roots of the chain are left out: whoever verifies has those that are trusted. */
function describeSigner(annotations: Annotations): object {
  const certificate = annotations.get(names.certificate);
  if (!isGiven(certificate)) return { publicKey: { hint: '' } };
  const chain = annotations.get(names.chain);
  const above = parseCertificates(isGiven(chain) ? chain : '').filter(
    (bytes) => !isSelfIssued(parseCertificate(bytes)),
  );
  const [signer] = parseCertificates(certificate);
  if (!signer) throw new TrustError('malformed', 'expected a certificate in PEM, got none');
  const certificates = [signer, ...above];
  return { x509CertificateChain: { certificates: certificates.map((bytes) => ({ rawBytes: encodeBase64(bytes) })) } };
}

function parseCertificates(pem: string): readonly Uint8Array<ArrayBuffer>[] {
  return parsePem(pem, maxCharacters).flatMap(({ label, bytes }) => (label === 'CERTIFICATE' ? [bytes] : []));
}

function describeEntry(text: string): object {
  const bundle = parseObject(encodeText(text), maxCharacters, 'the bundle of the log');
  const payload = readObject(bundle, 'Payload');
  const body = readText(payload, 'body');
  return {
    logIndex: readNumber(payload, 'logIndex'),
    logId: { keyId: encodeBase64(parseHex(readText(payload, 'logID'))) },
    kindVersion: describeKind(body),
    integratedTime: readNumber(payload, 'integratedTime'),
    inclusionPromise: { signedEntryTimestamp: readText(bundle, 'SignedEntryTimestamp') },
    canonicalizedBody: body,
  };
}

/** Kinds of entries from before those that are read are no wrong ones. */
function describeKind(body: string): object {
  const entry = parseObject(parseBase64(body), maxCharacters, 'the entry');
  const [kind, version] = [readText(entry, 'kind'), readText(entry, 'apiVersion')];
  if (isEntryKind(`${kind}/${version}`)) return { kind, version };
  throw new TrustError('format_unsupported', `expected an entry of a kind that is read, got ${kind.slice(0, 60)}`);
}

function describeTimestamp(text: string): object {
  const timestamp = parseObject(encodeText(text), maxCharacters, 'the timestamp');
  return { signedTimestamp: readText(timestamp, 'SignedRFC3161Timestamp') };
}

function parseObject(bytes: Uint8Array, maxBytes: number, what: string): JsonObject {
  const value = parseForeignJson(bytes, { maxBytes, maxDepth: 16, maxValues: 10_000 });
  if (isJsonObject(value)) return value;
  throw new TrustError('malformed', `expected ${what} to be an object`);
}

function readObject(object: JsonObject, name: string): JsonObject {
  const value = readMember(object, name);
  if (isJsonObject(value)) return value;
  throw new TrustError('malformed', `expected ${name} to be an object`);
}

function readText(object: JsonObject, name: string): string {
  const value = readMember(object, name);
  if (typeof value === 'string') return value;
  throw new TrustError('malformed', `expected ${name} to be text`);
}

function readNumber(object: JsonObject, name: string): number {
  const value = readMember(object, name);
  if (typeof value === 'number') return value;
  throw new TrustError('malformed', `expected ${name} to be a number`);
}
