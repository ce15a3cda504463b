/** Signature algorithms by their AlgorithmIdentifier (RFC 4055, RFC 5758, RFC 8410). SHA-1 and older ones are unknown here. */
import { type DerElement, type DerReader, parseDer } from '../asn1/reader.ts';
import { type DerValue, explicit, integer, sequence } from '../asn1/writer.ts';
import { TrustError } from '../errors.ts';
import {
  type AlgorithmIdentifier,
  algorithmIdentifier,
  assertNoParameters,
  assertNullParameters,
  readAlgorithmIdentifier,
} from './algorithm-identifier.ts';
import type { KeyType } from './key-type.ts';

/** Hash functions, as Web Crypto names them. */
export type HashName = 'SHA-256' | 'SHA-384' | 'SHA-512';

/** How something is signed. */
export type SignatureAlgorithm =
  | { readonly kind: 'ecdsa'; readonly hash: HashName }
  | { readonly kind: 'rsa-pkcs1'; readonly hash: HashName }
  /** MGF1 with the same hash, and a salt as long as the hash. */
  | { readonly kind: 'rsa-pss'; readonly hash: HashName }
  | { readonly kind: 'ed25519' };

/** Identifier and length in bytes of a hash function. */
export const hashes: Readonly<Record<HashName, { readonly oid: string; readonly bytes: number }>> = {
  'SHA-256': { oid: '2.16.840.1.101.3.4.2.1', bytes: 32 },
  'SHA-384': { oid: '2.16.840.1.101.3.4.2.2', bytes: 48 },
  'SHA-512': { oid: '2.16.840.1.101.3.4.2.3', bytes: 64 },
};

const oids = {
  ecdsa: { 'SHA-256': '1.2.840.10045.4.3.2', 'SHA-384': '1.2.840.10045.4.3.3', 'SHA-512': '1.2.840.10045.4.3.4' },
  'rsa-pkcs1': {
    'SHA-256': '1.2.840.113549.1.1.11',
    'SHA-384': '1.2.840.113549.1.1.12',
    'SHA-512': '1.2.840.113549.1.1.13',
  },
  pss: '1.2.840.113549.1.1.10',
  mgf1: '1.2.840.113549.1.1.8',
  ed25519: '1.3.101.112',
} as const;

/** The hash function of an AlgorithmIdentifier. Throws `algorithm_unsupported` for others, `malformed` for wrong parameters. */
export function readHashAlgorithm(reader: DerReader): HashName {
  const identifier = readAlgorithmIdentifier(reader);
  const [name] = Object.entries(hashes).find(([, { oid }]) => oid === identifier.oid) ?? [];
  if (!name) throw unsupported('SHA-256, SHA-384 or SHA-512', identifier.oid);
  assertNullParameters(identifier);
  return name as HashName;
}

/** The AlgorithmIdentifier of a hash function, without parameters (RFC 5754, 2). */
export function hashAlgorithm(hash: HashName): DerValue {
  return algorithmIdentifier(hashes[hash].oid);
}

/** The signature algorithm that comes next. Throws `algorithm_unsupported` for others, `malformed` for wrong parameters. */
export function readSignatureAlgorithm(reader: DerReader): SignatureAlgorithm {
  return interpretSignatureAlgorithm(readAlgorithmIdentifier(reader));
}

/** The signature algorithm of an identifier that is read already. Throws as `readSignatureAlgorithm` does. */
export function interpretSignatureAlgorithm(identifier: AlgorithmIdentifier): SignatureAlgorithm {
  const ecdsa = ecdsaHashes.get(identifier.oid);
  const rsa = rsaHashes.get(identifier.oid);
  if (rsa) {
    assertNullParameters(identifier);
    return { kind: 'rsa-pkcs1', hash: rsa };
  }
  if (identifier.oid === oids.pss) return { kind: 'rsa-pss', hash: parsePss(identifier.parameters) };
  if (!ecdsa && identifier.oid !== oids.ed25519) throw unsupported('ECDSA, RSA or Ed25519 with SHA-2', identifier.oid);
  // RFC 5758, 3.2; RFC 8410, 3.
  assertNoParameters(identifier);
  return ecdsa ? { kind: 'ecdsa', hash: ecdsa } : { kind: 'ed25519' };
}

const ecdsaHashes = indexHashes(oids.ecdsa);
const rsaHashes = indexHashes(oids['rsa-pkcs1']);

function indexHashes(table: Readonly<Record<HashName, string>>): ReadonlyMap<string, HashName> {
  return new Map((Object.keys(table) as HashName[]).map((hash) => [table[hash], hash]));
}

function unsupported(expected: string, oid: string): TrustError {
  return new TrustError('algorithm_unsupported', `expected ${expected}, got algorithm ${oid}`);
}

/** RSASSA-PSS-params (RFC 4055, 3.1). The defaults, all SHA-1, are refused with what else is weak. */
function parsePss(parameters: DerElement | undefined): HashName {
  if (!parameters) throw new TrustError('malformed', 'expected parameters of RSASSA-PSS');
  return parseDer(parameters.bytes, { maxBytes: 200 }, (reader) => {
    const inner = reader.readSequence();
    const hash = inner.readExplicit(0, readHashAlgorithm);
    const maskHash = inner.readExplicit(1, readMaskAlgorithm);
    const saltBytes = inner.readExplicit(2, (one) => one.readSmallInteger());
    inner.assertEnd();
    if (!hash || maskHash !== hash || saltBytes !== hashes[hash].bytes) {
      throw new TrustError('algorithm_unsupported', 'expected RSASSA-PSS with one SHA-2 hash and a salt of its length');
    }
    return hash;
  });
}

function readMaskAlgorithm(reader: DerReader): HashName {
  const { oid, parameters } = readAlgorithmIdentifier(reader);
  if (oid !== oids.mgf1 || !parameters) throw unsupported('MGF1 with a hash', oid);
  return parseDer(parameters.bytes, { maxBytes: 100 }, readHashAlgorithm);
}

/** The AlgorithmIdentifier of a signature algorithm. */
export function signatureAlgorithm(algorithm: SignatureAlgorithm): DerValue {
  switch (algorithm.kind) {
    case 'ecdsa':
      return algorithmIdentifier(oids.ecdsa[algorithm.hash]);
    case 'rsa-pkcs1':
      return algorithmIdentifier(oids['rsa-pkcs1'][algorithm.hash], 'null');
    case 'rsa-pss':
      return algorithmIdentifier(oids.pss, pssParameters(algorithm.hash));
    case 'ed25519':
      return algorithmIdentifier(oids.ed25519);
  }
}

function pssParameters(hash: HashName): DerValue {
  // RFC 4055, 2.1: with NULL here, as OpenSSL and GnuTLS write it.
  const hashIdentifier = algorithmIdentifier(hashes[hash].oid, 'null');
  return sequence(
    explicit(0, hashIdentifier),
    explicit(1, algorithmIdentifier(oids.mgf1, hashIdentifier)),
    explicit(2, integer(hashes[hash].bytes)),
  );
}

/** The hashes that a key of this type may sign with, the usual one for ECDSA first: none that is weaker than the curve. Ed25519 has its own (RFC 8032, 5.1). */
export function listHashes(type: KeyType): readonly HashName[] {
  switch (type.kind) {
    case 'ecdsa':
      return curveHashes[type.curve];
    case 'rsa':
      return allHashes;
    case 'ed25519':
      return [];
  }
}

const allHashes: readonly HashName[] = ['SHA-256', 'SHA-384', 'SHA-512'];
const curveHashes = { 'P-256': allHashes, 'P-384': ['SHA-384', 'SHA-512'], 'P-521': ['SHA-512'] } as const;

/** The same algorithm with another hash. Throws a TypeError for Ed25519, which has its own. */
export function replaceHash(algorithm: SignatureAlgorithm, hash: HashName): SignatureAlgorithm {
  if (algorithm.kind === 'ed25519') throw new TypeError(`expected an algorithm with a hash to choose, got ed25519`);
  return { ...algorithm, hash };
}

/** How a key of this type signs unless somebody chooses otherwise: a hash as strong as the key. */
export function defaultSignatureAlgorithm(type: KeyType): SignatureAlgorithm {
  switch (type.kind) {
    case 'ecdsa':
      return {
        kind: 'ecdsa',
        hash: ({ 'P-256': 'SHA-256', 'P-384': 'SHA-384', 'P-521': 'SHA-512' } as const)[type.curve],
      };
    case 'rsa':
      return { kind: 'rsa-pkcs1', hash: type.modulusBits < 3072 ? 'SHA-256' : 'SHA-384' };
    case 'ed25519':
      return { kind: 'ed25519' };
  }
}
