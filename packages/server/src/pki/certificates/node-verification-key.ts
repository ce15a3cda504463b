/** Verifies signatures under ECDSA keys by node:crypto in the thread pool: a quarter of what Web Crypto costs this thread. */
import { verify } from 'node:crypto';
import { TrustError } from '@signpost/protocol/errors';
import { parseEcdsaSignature } from '@signpost/protocol/keys/ecdsa-signature';
import { curves } from '@signpost/protocol/keys/key-type';
import { parseSubjectKey, type SubjectKey } from '@signpost/protocol/keys/subject-key';
import { importSubjectKey, type SignedBytes, type VerificationKey } from '@signpost/protocol/keys/verification-key';

/** The key in SubjectPublicKeyInfo, as strict as the protocol's `importPublicKey`, and throwing alike. */
export async function importNodeKey(spki: Uint8Array<ArrayBuffer>): Promise<VerificationKey> {
  const subjectKey = parseSubjectKey(spki);
  if (subjectKey.kind !== 'ecdsa') return importSubjectKey(subjectKey);
  return {
    subjectKey,
    verify: async (signed) => {
      if (await isSigned(subjectKey, signed)) return;
      throw new TrustError('bad_signature', `expected a signature by the ECDSA ${subjectKey.curve} key, got another`);
    },
  };
}

async function isSigned(
  { curve, spki }: SubjectKey & { readonly kind: 'ecdsa' },
  { algorithm, message, signature }: SignedBytes,
): Promise<boolean> {
  if (algorithm.kind !== 'ecdsa') return false;
  // Of the DER that OpenSSL takes, more than one encoding would be the same signature.
  const raw = parseEcdsaSignature(signature, curves[curve].bytes);
  const digest = algorithm.hash.replace('-', '').toLowerCase();
  // As bytes: a KeyObject that is used once costs half as much again.
  const key = { key: Buffer.from(spki.buffer, spki.byteOffset, spki.length), format: 'der', type: 'spki' } as const;
  return new Promise<boolean>((resolve, reject) => {
    verify(digest, message, { ...key, dsaEncoding: 'ieee-p1363' }, raw, (error, isValid) =>
      error ? reject(error) : resolve(isValid),
    );
  }).catch((cause: unknown) => {
    throw new TrustError('malformed', 'expected a public key that can be used', { cause });
  });
}
