/** Verifies signatures under ECDSA keys by node:crypto, beside this thread: a fraction of what Web Crypto costs it. */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { TrustError } from '@signpost/protocol/errors';
import { parseEcdsaSignature } from '@signpost/protocol/keys/ecdsa-signature';
import { curves } from '@signpost/protocol/keys/key-type';
import { parseSubjectKey, type SubjectKey } from '@signpost/protocol/keys/subject-key';
import { importSubjectKey, type SignedBytes, type VerificationKey } from '@signpost/protocol/keys/verification-key';
import type { CheckResult, SignatureCheck } from './signatures/check.ts';
import { signatureChecks } from './signatures/process.ts';

/** The key in SubjectPublicKeyInfo, as strict as the protocol's `importPublicKey`, and throwing alike. */
export async function importNodeKey(spki: Uint8Array<ArrayBuffer>): Promise<VerificationKey> {
  const subjectKey = parseSubjectKey(spki);
  if (subjectKey.kind !== 'ecdsa') return importSubjectKey(subjectKey);
  return {
    subjectKey,
    verify: async (signed) => {
      const result = await signatureChecks.take(describeCheck(subjectKey, signed));
      if (result !== 'signed') throw refuseCheck(result);
    },
  };
}

/**
 * What is left to be held against an ECDSA key, by node:crypto. Throws TrustError for a signature of another kind, and for the DER that OpenSSL
 * takes although another encoding would be the same signature.
 */
export function describeCheck(
  { curve, spki }: SubjectKey & { readonly kind: 'ecdsa' },
  { algorithm, message, signature }: SignedBytes,
): SignatureCheck {
  if (algorithm.kind !== 'ecdsa') throw refuseCheck('not-signed');
  parseEcdsaSignature(signature, curves[curve].bytes);
  return { spki, digest: digestName(algorithm), message, signature };
}

/** Why a signature does not count. */
export function refuseCheck(result: Exclude<CheckResult, 'signed'>): TrustError {
  return result === 'unusable'
    ? new TrustError('malformed', 'expected a public key that can be used')
    : new TrustError('bad_signature', 'expected a signature by the key, got another');
}

/**
 * The key, for many signatures. Those under P-256 are verified on this thread, since handing one to the pool costs as much as
 * verifying it. Throws as the protocol's `importSubjectKey` does.
 */
export async function openNodeKey(subjectKey: SubjectKey): Promise<VerificationKey> {
  if (subjectKey.kind !== 'ecdsa' || subjectKey.curve !== 'P-256') return importSubjectKey(subjectKey);
  const key = importSpki(subjectKey);
  return {
    subjectKey,
    verify: async ({ algorithm, message, signature }) => {
      if (algorithm.kind === 'ecdsa') {
        // Throws for the DER that OpenSSL takes although another encoding would be the same signature.
        parseEcdsaSignature(signature, curves['P-256'].bytes);
        // An object around the key, as the raw signature needs it, costs half a verification more than the key alone.
        if (verify(digestName(algorithm), message, key, signature)) return;
      }
      throw new TrustError('bad_signature', 'expected a signature by the ECDSA P-256 key, got another');
    },
  };
}

function importSpki(subjectKey: SubjectKey): KeyObject {
  try {
    return createPublicKey(derOf(subjectKey));
  } catch (cause) {
    throw new TrustError('malformed', 'expected a public key that can be used', { cause });
  }
}

function derOf({ spki }: SubjectKey) {
  return { key: Buffer.from(spki.buffer, spki.byteOffset, spki.length), format: 'der', type: 'spki' } as const;
}

function digestName({ hash }: { readonly hash: string }): string {
  return hash.replace('-', '').toLowerCase();
}
