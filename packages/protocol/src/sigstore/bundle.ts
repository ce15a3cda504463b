/** Sigstore bundles, versions 0.1 to 0.3 (sigstore/protobuf-specs, sigstore_bundle.proto), parsed and not verified: see `verifyBundle`. */
import { parseBase64 } from '../bytes/base64.ts';
import { type Envelope, interpretEnvelope } from '../dsse/envelope.ts';
import { TrustError } from '../errors.ts';
import type { SignableObject, SignableValue } from '../json/canonical.ts';
import { assertMembers, isPresent, parseArray, parseObject, parseString } from '../json/fields.ts';
import { parseDocument } from '../json/parse.ts';
import { type HashName, hashes } from '../keys/signature-algorithm.ts';
import { type Certificate, isSelfIssued } from '../x509/certificate.ts';
import { parseRawCertificate } from './authority-instance.ts';
import { type BundleLogEntry, parseBundleLogEntry } from './bundle-log-entry.ts';
import { parseHashAlgorithm } from './hash-names.ts';

/** A bundle above this is refused unread unless another limit is given, in bytes. */
export const defaultMaxBundleBytes: number = 1024 * 1024;
const maxLogEntries = 32;
const maxTimestamps = 32;
const maxCertificates = 10;
/** RSA 8192 takes 1,024. */
const maxSignatureBytes = 4096;

/** A bundle as it says it is. */
export interface Bundle {
  readonly version: BundleVersion;
  readonly signer: BundleSigner;
  readonly logEntries: readonly BundleLogEntry[];
  /** RFC 3161 responses, DER. */
  readonly timestamps: readonly Uint8Array<ArrayBuffer>[];
  readonly content: BundleContent;
}

export type BundleVersion = '0.1' | '0.2' | '0.3';

/** Whom the signature is said to be by. */
export type BundleSigner =
  /** The certificate, and from version 0.1 to 0.2 what leads up from it, without the root. */
  | { readonly kind: 'certificate'; readonly certificates: readonly [Certificate, ...Certificate[]] }
  /** A key that the verifier has; the hint may help to find it, and is not authenticated. */
  | { readonly kind: 'key'; readonly hint: string };

/** What was signed. */
export type BundleContent =
  | {
      readonly kind: 'message';
      readonly hash: HashName;
      readonly digest: Uint8Array<ArrayBuffer>;
      readonly signature: Uint8Array<ArrayBuffer>;
    }
  /** With exactly one signature. */
  | { readonly kind: 'envelope'; readonly envelope: Envelope; readonly signature: Uint8Array<ArrayBuffer> };

/** All spellings there are; what is left of one or added to one is none. */
const versions: ReadonlyMap<string, BundleVersion> = new Map<string, BundleVersion>([
  ['application/vnd.dev.sigstore.bundle+json;version=0.1', '0.1'],
  ['application/vnd.dev.sigstore.bundle+json;version=0.2', '0.2'],
  ['application/vnd.dev.sigstore.bundle+json;version=0.3', '0.3'],
  ['application/vnd.dev.sigstore.bundle.v0.3+json', '0.3'],
]);

/**
 * Parses the JSON form. `null` counts as absent; members that are unknown are refused, since nothing authenticates them. Throws
 * `too_large` above `maxBytes` and the other limits, `log_proof_invalid` for an entry without the proof that its version
 * demands, otherwise `malformed`, `not_canonical` or `algorithm_unsupported`.
 */
export function parseBundle(
  bytes: Uint8Array,
  { maxBytes = defaultMaxBundleBytes }: { readonly maxBytes?: number } = {},
): Bundle {
  const object = parseObject(parseDocument(bytes, maxBytes), 'the bundle');
  assertMembers(object, ['mediaType', 'verificationMaterial', 'messageSignature', 'dsseEnvelope'], 'the bundle');
  const mediaType = parseString(object, 'mediaType');
  const version = versions.get(mediaType);
  if (!version) {
    throw new TrustError('malformed', `expected a bundle of version 0.1 to 0.3, got ${mediaType.slice(0, 100)}`);
  }
  return { version, ...parseMaterial(object, version), content: parseContent(object) };
}

const materialMembers = [
  'x509CertificateChain',
  'certificate',
  'publicKey',
  'tlogEntries',
  'timestampVerificationData',
];

function parseMaterial(bundle: SignableObject, version: BundleVersion): Omit<Bundle, 'version' | 'content'> {
  const material = parseObject(bundle.verificationMaterial, 'verificationMaterial');
  assertMembers(material, materialMembers, 'verificationMaterial');
  const entries = parseList(material, { name: 'tlogEntries', max: maxLogEntries });
  const logEntries = entries.map((entry) => parseBundleLogEntry(entry, version));
  return { signer: parseSigner(material, version), logEntries, timestamps: parseTimestamps(material) };
}

/** Exactly one of the three; which of the first two it may be, the version says. */
function parseSigner(material: SignableObject, version: BundleVersion): BundleSigner {
  const present = ['x509CertificateChain', 'certificate', 'publicKey'].filter((name) => isPresent(material, name));
  const wanted = version === '0.3' ? 'certificate' : 'x509CertificateChain';
  const [name, ...others] = present;
  if (others.length > 0 || (name !== wanted && name !== 'publicKey')) {
    const got = present.join(' and ') || 'neither';
    throw new TrustError('malformed', `expected ${wanted} or publicKey in version ${version}, got ${got}`);
  }
  if (name === 'publicKey') return parseKeyHint(material);
  if (name === 'certificate')
    return { kind: 'certificate', certificates: [parseBundleCertificate(material.certificate)] };
  return { kind: 'certificate', certificates: parseChain(material) };
}

function parseKeyHint(material: SignableObject): BundleSigner {
  const object = parseObject(material.publicKey, 'publicKey');
  assertMembers(object, ['hint'], 'publicKey');
  return { kind: 'key', hint: isPresent(object, 'hint') ? parseString(object, 'hint') : '' };
}

function parseChain(material: SignableObject): readonly [Certificate, ...Certificate[]] {
  const object = parseObject(material.x509CertificateChain, 'x509CertificateChain');
  assertMembers(object, ['certificates'], 'x509CertificateChain');
  const values = parseList(object, { name: 'certificates', max: maxCertificates });
  const [first, ...above] = values.map(parseBundleCertificate);
  if (!first) throw new TrustError('malformed', 'expected at least one certificate');
  // Who relies on a bundle brings the roots: one in the bundle invites to trust it.
  if (above.some(isSelfIssued)) throw new TrustError('malformed', 'expected a chain without its root');
  return [first, ...above];
}

function parseBundleCertificate(value: SignableValue | undefined): Certificate {
  assertMembers(parseObject(value, 'a certificate'), ['rawBytes'], 'a certificate');
  return parseRawCertificate(value);
}

function parseTimestamps(material: SignableObject): readonly Uint8Array<ArrayBuffer>[] {
  if (!isPresent(material, 'timestampVerificationData')) return [];
  const data = parseObject(material.timestampVerificationData, 'timestampVerificationData');
  assertMembers(data, ['rfc3161Timestamps'], 'timestampVerificationData');
  return parseList(data, { name: 'rfc3161Timestamps', max: maxTimestamps }).map((value) => {
    const object = parseObject(value, 'a timestamp');
    assertMembers(object, ['signedTimestamp'], 'a timestamp');
    return parseBase64(parseString(object, 'signedTimestamp', defaultMaxBundleBytes));
  });
}

function parseContent(bundle: SignableObject): BundleContent {
  if (isPresent(bundle, 'messageSignature') === isPresent(bundle, 'dsseEnvelope')) {
    throw new TrustError('malformed', 'expected either messageSignature or dsseEnvelope');
  }
  if (isPresent(bundle, 'messageSignature')) return parseMessage(bundle);
  const envelope = interpretEnvelope(bundle.dsseEnvelope);
  const [signature, ...others] = envelope.signatures;
  if (!signature || others.length > 0) {
    throw new TrustError('malformed', `expected an envelope with one signature, got ${envelope.signatures.length}`);
  }
  return { kind: 'envelope', envelope, signature: signature.signature };
}

function parseMessage(bundle: SignableObject): BundleContent {
  const object = parseObject(bundle.messageSignature, 'messageSignature');
  assertMembers(object, ['messageDigest', 'signature'], 'messageSignature');
  const messageDigest = parseObject(object.messageDigest, 'messageDigest');
  assertMembers(messageDigest, ['algorithm', 'digest'], 'messageDigest');
  const hash = parseHashAlgorithm(parseString(messageDigest, 'algorithm'));
  const digest = parseBase64(parseString(messageDigest, 'digest'));
  if (digest.length !== hashes[hash].bytes) {
    throw new TrustError('malformed', `expected a digest of ${hashes[hash].bytes} octets, got ${digest.length}`);
  }
  const signature = parseBase64(parseString(object, 'signature', maxSignatureBytes * 2));
  if (signature.length === 0) throw new TrustError('malformed', 'expected a signature, got an empty one');
  return { kind: 'message', hash, digest, signature };
}

/** The member `name`; absent is empty. */
function parseList(
  object: SignableObject,
  { name, max }: { readonly name: string; readonly max: number },
): readonly SignableValue[] {
  if (!isPresent(object, name)) return [];
  const values = parseArray(object, name);
  if (values.length > max) throw new TrustError('too_large', `expected at most ${max} ${name}, got ${values.length}`);
  return values;
}
