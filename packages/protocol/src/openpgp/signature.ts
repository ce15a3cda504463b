/** Signature packets of version 4 (RFC 9580, 5.2.3), and what they are over. */
import { TrustError } from '../errors.ts';
import { type CoveredFile, noBytes } from '../keys/covered-file.ts';
import type { HashName } from '../keys/signature-algorithm.ts';
import { parseArmored } from './armor.ts';
import { concatOctets, encodeNumber, OctetReader } from './octets.ts';
import { packetTypes, parsePackets } from './packet.ts';
import { parseSubpackets, type Subpackets } from './subpackets.ts';

/** Signature types (RFC 9580, 5.2.1). */
export const signatureTypes = {
  binary: 0x00,
  genericCertification: 0x10,
  positiveCertification: 0x13,
  subkeyBinding: 0x18,
  primaryKeyBinding: 0x19,
  directKey: 0x1f,
  keyRevocation: 0x20,
  subkeyRevocation: 0x28,
  certificationRevocation: 0x30,
} as const;

/** A signature. Nothing of it is verified. */
export interface OpenPgpSignature {
  readonly type: number;
  /** Public-key algorithm (RFC 9580, 9.1). */
  readonly algorithm: number;
  readonly hash: HashName;
  /** Unix ms, and signed. */
  readonly createdAt: number;
  /** What is signed of it. */
  readonly hashed: Subpackets;
  /** Of the key that it says it is by: fingerprint or, in old ones, key id. A claim that leads to the key, and no more. */
  readonly issuer: Pick<Subpackets, 'issuerFingerprint' | 'issuerKeyId'>;
  readonly embeddedSignature: Uint8Array<ArrayBuffer> | undefined;
  /** What stands behind what is signed in the hash (RFC 9580, 5.2.4). */
  readonly trailer: Uint8Array<ArrayBuffer>;
  /** The first two octets of the digest. */
  readonly digestStart: Uint8Array<ArrayBuffer>;
  readonly material: Uint8Array<ArrayBuffer>;
}

const maxBytes = 65_536;

/**
 * Parses a file with one detached signature, armored or not. Throws `malformed`, `too_large`, `format_unsupported` for another version or
 * type, several signatures, or what is critical and not known, and `algorithm_unsupported` for MD5, SHA-1 and other hashes than SHA-2.
 */
export function parseDetachedSignature(file: Uint8Array<ArrayBuffer>): OpenPgpSignature {
  const [packet, ...others] = parsePackets(parseArmored(file, 'SIGNATURE', maxBytes));
  if (packet?.type !== packetTypes.signature) throw new TrustError('malformed', 'expected a signature of OpenPGP');
  if (others.length > 0) throw new TrustError('format_unsupported', 'expected one signature');
  const signature = parseSignature(packet.body);
  if (signature.type !== signatureTypes.binary) {
    throw new TrustError('format_unsupported', `expected a signature of a file as it is, got type ${signature.type}`);
  }
  return signature;
}

/** Reads the packet. Throws as `parseDetachedSignature` does. */
export function parseSignature(body: Uint8Array<ArrayBuffer>): OpenPgpSignature {
  const reader = new OctetReader(body);
  const version = reader.readNumber(1);
  if (version !== 4) throw new TrustError('format_unsupported', `expected a signature of version 4, got ${version}`);
  const type = reader.readNumber(1);
  const algorithm = reader.readNumber(1);
  const hash = readHash(reader.readNumber(1));
  const hashed = parseSubpackets(reader.readBytes(reader.readNumber(2)));
  const { read: signed } = reader;
  const unhashed = parseSubpackets(reader.readBytes(reader.readNumber(2)));
  const digestStart = reader.readBytes(2);
  // RFC 9580, 5.2.3.11: it must be there, and signed.
  if (hashed.createdAt === undefined)
    throw new TrustError('malformed', 'expected a signature that says when it was made');
  return {
    ...{ type, algorithm, hash, createdAt: hashed.createdAt, hashed },
    issuer: {
      issuerFingerprint: hashed.issuerFingerprint ?? unhashed.issuerFingerprint,
      issuerKeyId: hashed.issuerKeyId ?? unhashed.issuerKeyId,
    },
    // It is a signature itself, so that it may stand on either side.
    embeddedSignature: hashed.embeddedSignature ?? unhashed.embeddedSignature,
    trailer: concatOctets(signed, [4, 0xff], encodeNumber(signed.length, 4)),
    ...{ digestStart, material: reader.readRest() },
  };
}

/** RFC 9580, 9.5. */
function readHash(hash: number): HashName {
  const name = ({ 8: 'SHA-256', 9: 'SHA-384', 10: 'SHA-512' } as const)[hash];
  if (!name) throw new TrustError('algorithm_unsupported', `expected SHA-256, SHA-384 or SHA-512, got hash ${hash}`);
  return name;
}

/** What must be hashed of the file to verify a detached signature. */
export function coverSignature({ hash, trailer }: OpenPgpSignature): CoveredFile {
  return { hash, before: noBytes, after: trailer };
}

/** The issuer as one text: its fingerprint or, in old signatures, its key id; absent: it says none. */
export function nameIssuer({ issuer }: OpenPgpSignature): string | undefined {
  return issuer.issuerFingerprint ?? issuer.issuerKeyId;
}

/** Whether it says that it is by the key with this fingerprint. */
export function isIssuedBy({ issuer }: OpenPgpSignature, fingerprint: string): boolean {
  const { issuerFingerprint, issuerKeyId } = issuer;
  if (issuerFingerprint !== undefined) return issuerFingerprint === fingerprint;
  return issuerKeyId !== undefined && fingerprint.endsWith(issuerKeyId);
}
