/** Keys of TUF metadata (TUF 1.0.34, 4.2.1): three kinds, in the spellings that repositories use. */
import { parsePemBlock } from '../asn1/pem.ts';
import { encodeHex, parseHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';
import type { SignableObject } from '../json/canonical.ts';
import { parseObject, parseString } from '../json/fields.ts';
import type { Curve } from '../keys/key-type.ts';
import type { SignatureAlgorithm } from '../keys/signature-algorithm.ts';
import { encodeEcKey, encodeEd25519Key, parseSubjectKey, type SubjectKey } from '../keys/subject-key.ts';
import { importSubjectKey } from '../keys/verification-key.ts';

/** A key as metadata names it. Of another type or scheme than ours it can be listed, and signs nothing. */
export interface TufKey {
  readonly keyType: string;
  readonly scheme: string;
  /** PEM or hexadecimal. */
  readonly publicText: string;
}

/** RSA of 8192 bits takes 1,450. */
const maxPublicCharacters = 4096;
/** RSA of 8192 bits takes 2,048. */
const maxSignatureCharacters = 4096;

/** The key in `value`, from the member `name`. Throws `malformed`. */
export function parseKey(value: SignableObject[string], name: string): TufKey {
  const key = parseObject(value, name);
  return {
    keyType: parseString(key, 'keytype', 100),
    scheme: parseString(key, 'scheme', 100),
    publicText: parseString(parseObject(key.keyval, 'keyval'), 'public', maxPublicCharacters),
  };
}

/**
 * What the key is, whatever id it goes by, if `signature` (hexadecimal) is its signature over `message`; otherwise `undefined`.
 * A key or signature that cannot be read signs nothing, and does not stand in the way of the others (5.3.4).
 */
export async function findSigner(
  key: TufKey,
  signature: string,
  message: Uint8Array<ArrayBuffer>,
): Promise<string | undefined> {
  if (signature.length > maxSignatureCharacters) return undefined;
  try {
    const { subjectKey, algorithm } = interpretKey(key);
    const verifier = await importSubjectKey(subjectKey);
    await verifier.verify({ algorithm, message, signature: parseHex(signature) });
    return encodeHex(subjectKey.spki);
  } catch (error) {
    if (error instanceof TrustError) return undefined;
    throw error;
  }
}

interface Interpretation {
  readonly subjectKey: SubjectKey;
  readonly algorithm: SignatureAlgorithm;
}

function interpretKey({ keyType, scheme, publicText }: TufKey): Interpretation {
  switch (scheme) {
    case 'ed25519':
      return {
        subjectKey: parseSubjectKey(encodeEd25519Key(parseHex(publicText))),
        algorithm: { kind: 'ed25519' },
      };
    case 'ecdsa-sha2-nistp256':
      return { subjectKey: parseEcKey('P-256', publicText), algorithm: { kind: 'ecdsa', hash: 'SHA-256' } };
    case 'ecdsa-sha2-nistp384':
      return { subjectKey: parseEcKey('P-384', publicText), algorithm: { kind: 'ecdsa', hash: 'SHA-384' } };
    case 'rsassa-pss-sha256':
      return { subjectKey: parsePem(publicText, 'rsa'), algorithm: { kind: 'rsa-pss', hash: 'SHA-256' } };
    default:
      throw new TrustError('algorithm_unsupported', `expected a known scheme, got one for keys of type ${keyType}`);
  }
}

/** In PEM, or as an uncompressed point: so wrote the first versions of Sigstore's root. */
function parseEcKey(curve: Curve, publicText: string): SubjectKey {
  const key = publicText.startsWith('04')
    ? parseSubjectKey(encodeEcKey(curve, parseHex(publicText)))
    : parsePem(publicText, 'ecdsa');
  if (key.kind !== 'ecdsa' || key.curve !== curve) {
    throw new TrustError('algorithm_unsupported', `expected a key on ${curve}, got another`);
  }
  return key;
}

function parsePem(publicText: string, kind: SubjectKey['kind']): SubjectKey {
  const key = parseSubjectKey(parsePemBlock(publicText, 'PUBLIC KEY', maxPublicCharacters));
  if (key.kind !== kind) throw new TrustError('algorithm_unsupported', `expected a key for ${kind}, got ${key.kind}`);
  return key;
}
