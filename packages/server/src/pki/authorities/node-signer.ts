/** Signs with keys of node:crypto: at once where that takes microseconds, in the thread pool where it takes longer. */
import { constants, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { describeKeyType } from '@signpost/protocol/keys/key-type';
import type { CertificateSigner } from '@signpost/protocol/keys/private-key';
import {
  defaultSignatureAlgorithm,
  type HashName,
  replaceHash,
  type SignatureAlgorithm,
} from '@signpost/protocol/keys/signature-algorithm';
import { parseSubjectKey, type SubjectKey } from '@signpost/protocol/keys/subject-key';

/** The signer of an authority: with the hash that is as strong as its key, or with another one. */
export interface AuthoritySigner extends CertificateSigner {
  /** The same key with that hash. Throws a TypeError for Ed25519. */
  withHash(hash: HashName): AuthoritySigner;
}

/** A signer with the key itself, which a thread may sign with as well. */
export interface NodeSigner extends AuthoritySigner {
  readonly key: KeyObject;
  withHash(hash: HashName): NodeSigner;
}

/**
 * A signer over a key in PKCS#8, which the caller may wipe. Without `algorithm`, the hash is as strong as the key. Throws
 * TrustError `algorithm_unsupported` for keys that certificates do not carry here, TypeError for an algorithm of other keys.
 */
export function createNodeSigner(pkcs8: Uint8Array, algorithm?: SignatureAlgorithm): NodeSigner {
  const key = createPrivateKey({ key: Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.length), ...der });
  const subjectKey = deriveSubjectKey(key);
  return openNodeSigner({ key, subjectKey, algorithm: algorithm ?? defaultSignatureAlgorithm(subjectKey) });
}

/** The signer that was taken apart. Throws a TypeError for an algorithm of other keys. */
export function openNodeSigner({ key, subjectKey, algorithm }: Omit<NodeSigner, 'sign' | 'withHash'>): NodeSigner {
  if (!algorithm.kind.startsWith(subjectKey.kind)) {
    throw new TypeError(`expected an algorithm for ${describeKeyType(subjectKey)}, got ${algorithm.kind}`);
  }
  const digest = algorithm.kind === 'ed25519' ? null : algorithm.hash.replace('-', '').toLowerCase();
  // An object around the key costs half a signature more than the key alone.
  const padding = paddingOf(algorithm);
  const prepared = padding ? { key, ...padding } : key;
  const isQuick = subjectKey.kind === 'ed25519' || (subjectKey.kind === 'ecdsa' && subjectKey.curve === 'P-256');
  return {
    key,
    subjectKey,
    algorithm,
    withHash: (hash) => openNodeSigner({ key, subjectKey, algorithm: replaceHash(algorithm, hash) }),
    sign: isQuick
      ? (message) => asBytes(sign(digest, message, prepared))
      : (message) => signInPool(digest, message, prepared),
  };
}

const der = { format: 'der', type: 'pkcs8' } as const;

type Prepared = KeyObject | { readonly key: KeyObject; readonly padding: number; readonly saltLength: number };

function signInPool(digest: string | null, message: Uint8Array, key: Prepared): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    sign(digest, message, key, (error, signature) => (error ? reject(error) : resolve(asBytes(signature))));
  });
}

function asBytes({ buffer, byteOffset, length }: Buffer<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer, byteOffset, length);
}

/** `undefined` for what is not RSA, and for PKCS#1, which RSA keys are used with when nothing is said. */
function paddingOf(
  algorithm: SignatureAlgorithm,
): { readonly padding: number; readonly saltLength: number } | undefined {
  if (algorithm.kind !== 'rsa-pss') return undefined;
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}

/** The public half, computed from the private one. */
function deriveSubjectKey(key: KeyObject): SubjectKey {
  return parseSubjectKey(new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' })));
}
