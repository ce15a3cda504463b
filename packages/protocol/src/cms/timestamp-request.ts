/** What is asked of a timestamp authority (RFC 3161, 2.4.1). */
import { refuseDer } from '../asn1/malformed.ts';
import { type DerReader, parseDer } from '../asn1/reader.ts';
import { constructedTag, tags } from '../asn1/tag.ts';
import { boolean, type DerValue, encodeDer, integer, octetString, oid, primitive, sequence } from '../asn1/writer.ts';
import { TrustError } from '../errors.ts';
import { algorithmIdentifier } from '../keys/algorithm-identifier.ts';
import { digestBytes } from '../keys/digest.ts';
import { type HashName, hashes, readHashAlgorithm } from '../keys/signature-algorithm.ts';
import { type RawExtension, readExtensions } from '../x509/extensions.ts';

/** Above this a request is refused unread. */
export const maxTimestampRequestBytes = 8192;
const maxNonceBytes = 64;

/** What is timestamped: a digest, and the hash function that made it. */
export interface MessageImprint {
  readonly hash: HashName;
  readonly digest: Uint8Array<ArrayBuffer>;
}

/** A request as it says it is. */
export interface TimestampRequest {
  readonly imprint: MessageImprint;
  /** Dotted; `undefined`: whatever policy the authority has. */
  readonly policy: string | undefined;
  /** The content octets of the integer. */
  readonly nonce: Uint8Array<ArrayBuffer> | undefined;
  /** Whether the answer is to hold the authority's certificates. */
  readonly certificatesWanted: boolean;
  readonly extensions: readonly RawExtension[];
}

/** The imprint of bytes. */
export async function createImprint(bytes: Uint8Array<ArrayBuffer>, hash: HashName): Promise<MessageImprint> {
  return { hash, digest: await digestBytes(hash, bytes) };
}

/**
 * Parses a DER request. Throws `too_large` above `maxTimestampRequestBytes`, `algorithm_unsupported` for hash functions other
 * than SHA-256, SHA-384 and SHA-512, otherwise `malformed`.
 */
export function parseTimestampRequest(bytes: Uint8Array<ArrayBuffer>): TimestampRequest {
  return parseDer(bytes, { maxBytes: maxTimestampRequestBytes }, (reader) => {
    const inner = reader.readSequence();
    if (inner.readSmallInteger() !== 1) throw refuseDer('a timestamp request of version 1');
    const imprint = readImprint(inner);
    const policy = inner.readOptional(tags.oid, (one) => one.readOid());
    const nonce = inner.readOptional(tags.integer, readNonce);
    const certificatesWanted = inner.readDefaultFalse();
    const extensions = inner.readOptional(constructedTag(0), readImplicitExtensions) ?? [];
    inner.assertEnd();
    return { imprint, policy, nonce, certificatesWanted, extensions };
  });
}

/** A request, DER. Throws a TypeError when the digest is not its hash function's. */
export function encodeTimestampRequest(
  request: Pick<TimestampRequest, 'imprint' | 'policy' | 'nonce' | 'certificatesWanted'>,
): Uint8Array<ArrayBuffer> {
  const { imprint, policy, nonce, certificatesWanted } = request;
  const wanted = certificatesWanted ? boolean(true) : undefined;
  return encodeDer(
    sequence(
      integer(1),
      encodeImprint(imprint),
      policy === undefined ? undefined : oid(policy),
      encodeNonce(nonce),
      wanted,
    ),
  );
}

/** A nonce of 64 random bits, as the content octets of a positive integer. */
export function createNonce(): Uint8Array<ArrayBuffer> {
  const nonce = globalThis.crypto.getRandomValues(new Uint8Array(8));
  nonce[0] = ((nonce[0] ?? 0) & 0x3f) | 0x40;
  return nonce;
}

/** MessageImprint. Throws `algorithm_unsupported`, or `malformed` when the digest has another length than its hash function's. */
export function readImprint(reader: DerReader): MessageImprint {
  const inner = reader.readSequence();
  const hash = readHashAlgorithm(inner);
  const digest = inner.readOctetString();
  inner.assertEnd();
  if (digest.length !== hashes[hash].bytes) {
    throw new TrustError('malformed', `expected a digest of ${hashes[hash].bytes} octets, got ${digest.length}`);
  }
  return { hash, digest };
}

/** MessageImprint to be written, its algorithm with NULL as OpenSSL has it. */
export function encodeImprint({ hash, digest }: MessageImprint): DerValue {
  const { oid: algorithm, bytes } = hashes[hash];
  if (digest.length !== bytes) throw new TypeError(`expected a digest of ${bytes} octets, got ${digest.length}`);
  return sequence(algorithmIdentifier(algorithm, 'null'), octetString(digest));
}

/** A nonce as its content octets: an integer of at most 64. */
export function readNonce(reader: DerReader): Uint8Array<ArrayBuffer> {
  const nonce = reader.readIntegerContent();
  if (nonce.length > maxNonceBytes) throw refuseDer(`a nonce of at most ${maxNonceBytes} octets`);
  return nonce;
}

/** The nonce to be written as it was read. */
export function encodeNonce(nonce: Uint8Array | undefined): DerValue | undefined {
  return nonce && primitive(tags.integer, nonce);
}

function readImplicitExtensions(reader: DerReader): readonly RawExtension[] {
  return readExtensions(reader, constructedTag(0));
}
