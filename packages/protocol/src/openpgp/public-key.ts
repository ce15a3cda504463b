/** Public key packets of version 4 (RFC 9580, 5.5.2) as SubjectPublicKeyInfo. */
import { encodeHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';
import { digestBytes } from '../keys/digest.ts';
import { type Curve, rsaBits } from '../keys/key-type.ts';
import { encodeEcKey, encodeEd25519Key, encodeRsaKey, parseSubjectKey, type SubjectKey } from '../keys/subject-key.ts';
import { concatOctets, encodeNumber, OctetReader } from './octets.ts';

/** A key. */
export interface OpenPgpKey {
  /** 40 upper-case hex digits, as people compare them: a SHA-1, which is why nothing is accepted by it alone. */
  readonly fingerprint: string;
  /** Unix ms. */
  readonly createdAt: number;
  /** Public-key algorithm (RFC 9580, 9.1). */
  readonly algorithm: number;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Reads the packet. Throws `malformed`, and `format_unsupported` for another version. */
export async function parseOpenPgpKey(body: Uint8Array<ArrayBuffer>): Promise<OpenPgpKey> {
  const reader = new OctetReader(body);
  const version = reader.readNumber(1);
  if (version !== 4) throw new TrustError('format_unsupported', `expected a key of version 4, got ${version}`);
  const createdAt = reader.readNumber(4) * 1000;
  const algorithm = reader.readNumber(1);
  const fingerprint = encodeHex(await digestBytes('SHA-1', encodeForHash(body))).toUpperCase();
  return { fingerprint, createdAt, algorithm, body };
}

/** A key as it stands in what is hashed (RFC 9580, 5.2.4). */
export function encodeForHash(body: Uint8Array): Uint8Array<ArrayBuffer> {
  if (body.length > 0xffff) throw new TrustError('malformed', 'expected a key of at most 65,535 octets');
  return concatOctets([0x99], encodeNumber(body.length, 2), body);
}

/** Public-key algorithms that sign (RFC 9580, 9.1). */
export const keyAlgorithms = { rsa: 1, rsaSignOnly: 3, ecdsa: 19, eddsaLegacy: 22, ed25519: 27 } as const;

/** Shorter RSA keys do not count. */
const minRsaBits = 2048;

const curveOids: Readonly<Record<string, Curve>> = {
  '2a8648ce3d030107': 'P-256',
  '2b81040022': 'P-384',
  '2b81040023': 'P-521',
};
const ed25519LegacyOid = '2b06010401da470f01';

/** The key that signatures are held against. Throws `algorithm_unsupported` for what cannot sign, DSA, other curves and RSA below 2,048 bits; `malformed`. */
export function readSigningKey({ algorithm, body }: OpenPgpKey): SubjectKey {
  const reader = new OctetReader(body);
  reader.readBytes(6);
  const spki = readMaterial(reader, algorithm);
  reader.assertEnd();
  const key = parseSubjectKey(spki);
  if (key.kind === 'rsa' && key.modulusBits < minRsaBits) {
    throw new TrustError('algorithm_unsupported', `expected RSA of ${minRsaBits} bits or more, got ${key.modulusBits}`);
  }
  return key;
}

function readMaterial(reader: OctetReader, algorithm: number): Uint8Array<ArrayBuffer> {
  switch (algorithm) {
    case keyAlgorithms.rsa:
    case keyAlgorithms.rsaSignOnly: {
      const modulus = reader.readInteger(rsaBits.maximum);
      return encodeRsaKey(modulus, reader.readInteger(64));
    }
    case keyAlgorithms.ecdsa: {
      const oid = encodeHex(reader.readBytes(reader.readNumber(1)));
      const curve = Object.hasOwn(curveOids, oid) ? curveOids[oid] : undefined;
      if (!curve) throw new TrustError('algorithm_unsupported', 'expected P-256, P-384 or P-521');
      return encodeEcKey(curve, reader.readInteger(8 * 133));
    }
    case keyAlgorithms.eddsaLegacy:
      return encodeEd25519Key(readLegacyPoint(reader));
    case keyAlgorithms.ed25519:
      return encodeEd25519Key(reader.readBytes(32));
    default:
      throw new TrustError(
        'algorithm_unsupported',
        `expected an RSA, ECDSA or Ed25519 key, got algorithm ${algorithm}`,
      );
  }
}

/** RFC 9580, 5.5.5.5: 0x40 in front of the native point. */
function readLegacyPoint(reader: OctetReader): Uint8Array<ArrayBuffer> {
  const oid = encodeHex(reader.readBytes(reader.readNumber(1)));
  if (oid !== ed25519LegacyOid) throw new TrustError('algorithm_unsupported', 'expected Ed25519');
  const [form, ...point] = reader.readInteger(8 * 33);
  if (form !== 0x40 || point.length !== 32) throw new TrustError('malformed', 'expected a native point of 32 octets');
  return Uint8Array.from(point);
}
