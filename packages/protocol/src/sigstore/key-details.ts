/** PublicKeyDetails (sigstore/protobuf-specs, sigstore_common.proto): what a key is and how it signs, by one name. */
import { refuseDer } from '../asn1/malformed.ts';
import { parseDer } from '../asn1/reader.ts';
import { TrustError } from '../errors.ts';
import type { HashName, SignatureAlgorithm } from '../keys/signature-algorithm.ts';
import { encodeRsaKey, parseSubjectKey, type SubjectKey } from '../keys/subject-key.ts';

interface Details {
  readonly algorithm: SignatureAlgorithm;
  /** Whether a key is of this kind. */
  readonly fits: (key: SubjectKey) => boolean;
  /** Older instances write RSA keys without the information around them (PKCS#1). */
  readonly isBareRsa?: boolean;
}

const details: ReadonlyMap<string, Details> = new Map<string, Details>([
  ['PKIX_ECDSA_P256_SHA_256', ecdsa('P-256', 'SHA-256')],
  ['PKIX_ECDSA_P384_SHA_384', ecdsa('P-384', 'SHA-384')],
  ['PKIX_ECDSA_P384_SHA_256', ecdsa('P-384', 'SHA-256')],
  ['PKIX_ECDSA_P521_SHA_512', ecdsa('P-521', 'SHA-512')],
  ['PKIX_ECDSA_P521_SHA_256', ecdsa('P-521', 'SHA-256')],
  ['PKIX_ED25519', { algorithm: { kind: 'ed25519' }, fits: ({ kind }) => kind === 'ed25519' }],
  ['PKIX_RSA_PKCS1V15_2048_SHA256', rsa(2048)],
  ['PKIX_RSA_PKCS1V15_3072_SHA256', rsa(3072)],
  ['PKIX_RSA_PKCS1V15_4096_SHA256', rsa(4096)],
  ['PKIX_RSA_PKCS1V5', rsa()],
  ['PKCS1_RSA_PKCS1V5', { ...rsa(), isBareRsa: true }],
]);

function ecdsa(curve: string, hash: HashName): Details {
  return { algorithm: { kind: 'ecdsa', hash }, fits: (key) => key.kind === 'ecdsa' && key.curve === curve };
}

function rsa(modulusBits?: number): Details {
  return {
    algorithm: { kind: 'rsa-pkcs1', hash: 'SHA-256' },
    fits: (key) =>
      key.kind === 'rsa' && key.modulusBits >= 2048 && key.modulusBits === (modulusBits ?? key.modulusBits),
  };
}

/** A key, and how it signs. */
export interface DetailedKey {
  readonly subjectKey: SubjectKey;
  readonly algorithm: SignatureAlgorithm;
}

/**
 * The key in `bytes`, which must be what `name` says; `undefined` for names that are not known here, so that an instance with
 * a key of a new kind does not make the others useless. Throws as `parseSubjectKey` does.
 */
export function parseDetailedKey(name: string, bytes: Uint8Array<ArrayBuffer>): DetailedKey | undefined {
  const found = details.get(name);
  if (!found) return undefined;
  const subjectKey = parseSubjectKey(found.isBareRsa ? wrapRsaKey(bytes) : bytes);
  if (!found.fits(subjectKey)) throw new TrustError('malformed', `expected a key for ${name}, got another`);
  return { subjectKey, algorithm: found.algorithm };
}

/** RSAPublicKey (RFC 8017, A.1.1) with the information around it that says so. */
function wrapRsaKey(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return parseDer(bytes, { maxBytes: 2048 }, (reader) => {
    const numbers = reader.readSequence();
    const [modulus, exponent] = [numbers.readUnsigned(), numbers.readUnsigned()];
    numbers.assertEnd();
    if (modulus.length === 0) throw refuseDer('an RSA modulus');
    return encodeRsaKey(modulus, exponent);
  });
}

/** Whether `name` is how a key signs with this hash. */
export function isDetailedKey(name: string, key: SubjectKey, hash: HashName): boolean {
  const found = details.get(name);
  if (!found?.fits(key) || found.isBareRsa) return false;
  return found.algorithm.kind === 'ed25519' ? hash === 'SHA-512' : found.algorithm.hash === hash;
}

/** How a key signs when nothing beside it says which hash. */
export function assumeAlgorithm(key: SubjectKey): SignatureAlgorithm {
  switch (key.kind) {
    case 'ecdsa':
      return {
        kind: 'ecdsa',
        hash: ({ 'P-256': 'SHA-256', 'P-384': 'SHA-384', 'P-521': 'SHA-512' } as const)[key.curve],
      };
    case 'rsa':
      return { kind: 'rsa-pkcs1', hash: 'SHA-256' };
    case 'ed25519':
      return { kind: 'ed25519' };
  }
}
