/** Private keys in PKCS#8 (RFC 5958): made, read strictly, and used to sign. */
import { refuseDer } from '../asn1/malformed.ts';
import { type DerReader, parseDer } from '../asn1/reader.ts';
import { constructedTag, contextTag, tags } from '../asn1/tag.ts';
import { parseBase64Url } from '../bytes/base64url.ts';
import { TrustError } from '../errors.ts';
import { type AlgorithmIdentifier, assertNoParameters, readAlgorithmIdentifier } from './algorithm-identifier.ts';
import { encodeEcdsaSignature } from './ecdsa-signature.ts';
import { curves, describeKeyType, findCurve, type KeyType, keyOids, rsaBits } from './key-type.ts';
import { defaultSignatureAlgorithm, type SignatureAlgorithm } from './signature-algorithm.ts';
import { encodeEcKey, encodeEd25519Key, encodeRsaKey, parseSubjectKey, type SubjectKey } from './subject-key.ts';

/** Signs certificates, requests and lists with one key; where the key is, is the implementation's affair. */
export interface CertificateSigner {
  readonly subjectKey: SubjectKey;
  readonly algorithm: SignatureAlgorithm;
  /** The signature over `message` as it stands in a BIT STRING: DER for ECDSA, otherwise raw. */
  sign(message: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer>;
}

/** RSA 8192 with all its numbers takes 4,700. */
const maxPkcs8Bytes = 8192;

/** Makes a key and returns it in PKCS#8; keep it sealed. Throws a TypeError for RSA keys that are not 2048 to 4096 bits. */
export async function createPrivateKey(type: KeyType): Promise<Uint8Array<ArrayBuffer>> {
  if (type.kind === 'rsa' && (type.modulusBits < 2048 || type.modulusBits > 4096 || type.modulusBits % 8 !== 0)) {
    throw new TypeError(`expected 2048 to 4096 bits, got ${type.modulusBits}`);
  }
  const subtle = globalThis.crypto.subtle;
  const publicExponent = Uint8Array.of(1, 0, 1);
  const algorithm =
    type.kind === 'rsa'
      ? { ...importParameters(type), modulusLength: type.modulusBits, publicExponent }
      : importParameters(type);
  const { privateKey } = (await subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
  return new Uint8Array(await subtle.exportKey('pkcs8', privateKey));
}

/**
 * A signer over a key in PKCS#8; the platform's copy is not extractable, the caller may wipe `pkcs8`. Without `algorithm`,
 * the hash is as strong as the key. Throws `malformed` or `algorithm_unsupported`; a TypeError when the algorithm is for
 * other keys.
 */
export async function createCertificateSigner(
  pkcs8: Uint8Array<ArrayBuffer>,
  algorithm?: SignatureAlgorithm,
): Promise<CertificateSigner> {
  const type = parsePrivateKeyType(pkcs8);
  const chosen = algorithm ?? defaultSignatureAlgorithm(type);
  if (!chosen.kind.startsWith(type.kind)) {
    throw new TypeError(`expected an algorithm for ${describeKeyType(type)}, got ${chosen.kind}`);
  }
  const parameters = importParameters(type, chosen);
  const key = await importPkcs8(pkcs8, parameters, false);
  return {
    subjectKey: await derivePublicKey(pkcs8, type),
    algorithm: chosen,
    sign: async (message) => {
      const signature = await globalThis.crypto.subtle.sign(signParameters(chosen), key, message);
      return chosen.kind === 'ecdsa' ? encodeEcdsaSignature(new Uint8Array(signature)) : new Uint8Array(signature);
    },
  };
}

/** The public half of a key in PKCS#8, computed, not taken from where it may stand beside it. Throws as parsing does. */
export async function derivePublicKey(pkcs8: Uint8Array<ArrayBuffer>, type?: KeyType): Promise<SubjectKey> {
  const known = type ?? parsePrivateKeyType(pkcs8);
  const key = await importPkcs8(pkcs8, importParameters(known), true);
  const jwk = await globalThis.crypto.subtle.exportKey('jwk', key);
  if (known.kind === 'rsa')
    return parseSubjectKey(encodeRsaKey(parseBase64Url(jwk.n ?? ''), parseBase64Url(jwk.e ?? '')));
  if (known.kind === 'ed25519') return parseSubjectKey(encodeEd25519Key(parseBase64Url(jwk.x ?? '')));
  return parseSubjectKey(
    encodeEcKey(known.curve, Uint8Array.of(4, ...parseBase64Url(jwk.x ?? ''), ...parseBase64Url(jwk.y ?? ''))),
  );
}

/** The type of the key in PKCS#8. Throws `algorithm_unsupported` for other keys, otherwise `malformed`. */
export function parsePrivateKeyType(pkcs8: Uint8Array<ArrayBuffer>): KeyType {
  return parseDer(pkcs8, { maxBytes: maxPkcs8Bytes }, (reader) => {
    const info = reader.readSequence();
    const version = info.readSmallInteger();
    const algorithm = readAlgorithmIdentifier(info);
    const type = parseDer(info.readOctetString(), { maxBytes: maxPkcs8Bytes }, (key) => readKey(algorithm, key));
    info.readOptional(constructedTag(0), (one) => one.readElement());
    // RFC 5958, 2: the public key came with version 2, which is 1.
    if (version === 1) info.readOptional(contextTag(1), (one) => one.readElement());
    info.assertEnd();
    if (version > 1) throw refuseDer('PKCS#8 of version 1 or 2');
    return type;
  });
}

function readKey(algorithm: AlgorithmIdentifier, key: DerReader): KeyType {
  if (algorithm.oid === keyOids.rsa) return readRsaPrivateKey(key);
  if (algorithm.oid === keyOids.ec) return readEcPrivateKey(algorithm, key);
  if (algorithm.oid !== keyOids.ed25519) {
    throw new TrustError('algorithm_unsupported', `expected an ECDSA, RSA or Ed25519 key, got ${algorithm.oid}`);
  }
  assertNoParameters(algorithm);
  // RFC 8410, 7: CurvePrivateKey.
  if (key.readOctetString().length !== 32) throw refuseDer('a 32-byte seed');
  return { kind: 'ed25519' };
}

/** RSAPrivateKey (RFC 8017, A.1.2) of two primes. */
function readRsaPrivateKey(key: DerReader): KeyType {
  const numbers = key.readSequence();
  if (numbers.readSmallInteger() !== 0) throw refuseDer('an RSA key of two primes');
  const [modulus] = Array.from({ length: 8 }, () => numbers.readUnsigned());
  numbers.assertEnd();
  const modulusBits = modulus?.length ? modulus.length * 8 - (Math.clz32(modulus[0] ?? 0) - 24) : 0;
  if (modulusBits < rsaBits.minimum || modulusBits > rsaBits.maximum) {
    throw new TrustError('algorithm_unsupported', `expected RSA of 1024 to 8192 bits, got ${modulusBits}`);
  }
  return { kind: 'rsa', modulusBits };
}

/** ECPrivateKey (RFC 5915, 3). */
function readEcPrivateKey({ parameters }: AlgorithmIdentifier, key: DerReader): KeyType {
  if (parameters?.tag !== tags.oid) throw new TrustError('algorithm_unsupported', 'expected a curve by its name');
  const curve = findCurve(parseDer(parameters.bytes, { maxBytes: 140 }, (reader) => reader.readOid()));
  const inner = key.readSequence();
  if (inner.readSmallInteger() !== 1) throw refuseDer('an EC key of version 1');
  if (inner.readOctetString().length !== curves[curve].bytes) throw refuseDer(`${curves[curve].bytes} octets`);
  const repeated = inner.readExplicit(0, (one) => one.readOid());
  if (repeated !== undefined && repeated !== curves[curve].oid) throw refuseDer('the same curve twice');
  inner.readExplicit(1, (one) => one.readBitOctets());
  inner.assertEnd();
  return { kind: 'ecdsa', curve };
}

type ImportParameters = { readonly name: string; readonly namedCurve?: string; readonly hash?: string };

function importParameters(type: KeyType, algorithm = defaultSignatureAlgorithm(type)): ImportParameters {
  if (type.kind === 'ed25519' || algorithm.kind === 'ed25519') return { name: 'Ed25519' };
  if (type.kind === 'ecdsa') return { name: 'ECDSA', namedCurve: type.curve };
  return { name: algorithm.kind === 'rsa-pss' ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5', hash: algorithm.hash };
}

function signParameters(algorithm: SignatureAlgorithm): EcdsaParams | RsaPssParams | { name: string } {
  if (algorithm.kind === 'ed25519') return { name: 'Ed25519' };
  if (algorithm.kind === 'ecdsa') return { name: 'ECDSA', hash: algorithm.hash };
  if (algorithm.kind === 'rsa-pkcs1') return { name: 'RSASSA-PKCS1-v1_5' };
  return { name: 'RSA-PSS', saltLength: Number(algorithm.hash.slice(4)) / 8 };
}

function importPkcs8(
  pkcs8: Uint8Array<ArrayBuffer>,
  parameters: ImportParameters,
  extractable: boolean,
): Promise<CryptoKey> {
  const usages: KeyUsage[] = ['sign'];
  return globalThis.crypto.subtle.importKey('pkcs8', pkcs8, parameters, extractable, usages).catch((cause) => {
    throw new TrustError('malformed', 'expected a private key that can be used', { cause });
  });
}
