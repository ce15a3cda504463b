/** Verifies signatures under the keys of certificates, over Web Crypto. */
import { encodeBase64 } from '../bytes/base64.ts';
import { TrustError } from '../errors.ts';
import { parseEcdsaSignature } from './ecdsa-signature.ts';
import { isSignature, parsePublicKey } from './ed25519.ts';
import { curves, describeKeyType } from './key-type.ts';
import type { SignatureAlgorithm } from './signature-algorithm.ts';
import { parseSubjectKey, type SubjectKey } from './subject-key.ts';

/** What was signed, how, and the signature as it stands in its BIT STRING. */
export interface SignedBytes {
  readonly algorithm: SignatureAlgorithm;
  readonly message: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** A public key that signatures are held against. */
export interface VerificationKey {
  readonly subjectKey: SubjectKey;
  /** Throws `bad_signature` when the signature is another one's, another message's, or of an algorithm of other keys. */
  verify(signed: SignedBytes): Promise<void>;
}

/** The key in SubjectPublicKeyInfo. Throws as `parseSubjectKey` does, and `malformed` for a point that is on no curve. */
export async function importPublicKey(spki: Uint8Array<ArrayBuffer>): Promise<VerificationKey> {
  return importSubjectKey(parseSubjectKey(spki));
}

/** The same for a key that is parsed already. */
export async function importSubjectKey(subjectKey: SubjectKey): Promise<VerificationKey> {
  const isValid = await createCheck(subjectKey);
  return {
    subjectKey,
    verify: async (signed) => {
      if (!(await isValid(signed))) {
        const words = describeKeyType(subjectKey);
        throw new TrustError('bad_signature', `expected a signature by the ${words} key, got another`);
      }
    },
  };
}

type Check = (signed: SignedBytes) => Promise<boolean>;

function createCheck(key: SubjectKey): Promise<Check> {
  switch (key.kind) {
    case 'ecdsa':
      return createEcdsaCheck(key);
    case 'rsa':
      return createRsaCheck(key);
    case 'ed25519':
      return createEd25519Check(key);
  }
}

async function createEcdsaCheck(key: SubjectKey & { readonly kind: 'ecdsa' }): Promise<Check> {
  const cryptoKey = await importSpki(key, { name: 'ECDSA', namedCurve: key.curve });
  return async ({ algorithm, message, signature }) => {
    if (algorithm.kind !== 'ecdsa') return false;
    const raw = parseEcdsaSignature(signature, curves[key.curve].bytes);
    return globalThis.crypto.subtle.verify({ name: 'ECDSA', hash: algorithm.hash }, cryptoKey, raw, message);
  };
}

/** Web Crypto binds an RSA key to scheme and hash: one import for each pair that is met. */
async function createRsaCheck(key: SubjectKey & { readonly kind: 'rsa' }): Promise<Check> {
  const imported = new Map<string, Promise<CryptoKey>>();
  return async ({ algorithm, message, signature }) => {
    if (algorithm.kind !== 'rsa-pkcs1' && algorithm.kind !== 'rsa-pss') return false;
    const name = algorithm.kind === 'rsa-pss' ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5';
    const id = `${name} ${algorithm.hash}`;
    const pending = imported.get(id) ?? importSpki(key, { name, hash: algorithm.hash });
    imported.set(id, pending);
    const saltLength = Number(algorithm.hash.slice(4)) / 8;
    return globalThis.crypto.subtle.verify({ name, saltLength }, await pending, signature, message);
  };
}

async function createEd25519Check(key: SubjectKey): Promise<Check> {
  const publicKey = await parsePublicKey(encodeBase64(key.keyBits));
  return async ({ algorithm, message, signature }) =>
    algorithm.kind === 'ed25519' && isSignature(publicKey, signature, message);
}

function importSpki({ spki }: SubjectKey, algorithm: EcKeyImportParams | RsaHashedImportParams): Promise<CryptoKey> {
  return globalThis.crypto.subtle.importKey('spki', spki, algorithm, true, ['verify']).catch((cause) => {
    throw new TrustError('malformed', 'expected a public key that can be used', { cause });
  });
}
