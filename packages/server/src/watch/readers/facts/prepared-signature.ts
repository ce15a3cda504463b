/** Detached signatures of files, held against the keys that people named: first what must be hashed, then what became of it. */
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { TrustError, type TrustErrorCode } from '@signpost/protocol/errors';
import type { CoveredFile } from '@signpost/protocol/keys/covered-file';
import { coverEd25519, verifyEd25519Digest } from '@signpost/protocol/keys/ed25519-digest';
import { coverMinisign, parseMinisignSignature, verifyMinisignSignature } from '@signpost/protocol/minisign/signature';
import { coverSignature, isIssuedBy, nameIssuer, parseDetachedSignature } from '@signpost/protocol/openpgp/signature';
import { verifyDetachedSignature } from '@signpost/protocol/openpgp/verify-detached';
import type { SignatureFact } from '../../facts/fact-set.ts';
import type { PublisherKey } from '../../publisher-keys/key-file.ts';

/** A signature as it was found. */
export interface FoundDetached {
  readonly kind: 'gpg' | 'minisign' | 'key';
  readonly format: 'detached' | 'inline';
  /** The file with the signature; of Sparkle's the base64 in the feed. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A signature that waits for the hashes of its file. */
export interface PreparedSignature {
  readonly covered: readonly CoveredFile[];
  /** What became of it, by the digests of `covered` in their order. Throws nothing for what it holds. */
  judge(digests: readonly Uint8Array<ArrayBuffer>[]): Promise<SignatureFact>;
}

/** A key that it may be by, and how it is verified by that. */
interface Attempt {
  readonly key: string;
  readonly covered: CoveredFile;
  verify(digest: Uint8Array<ArrayBuffer>): Promise<SignatureFact['weakness']>;
}

/** Prepares a signature. One by a key that nobody named can not be judged, but says whose it is. */
export function prepareSignature(found: FoundDetached, keys: readonly PublisherKey[], now: number): PreparedSignature {
  const basis = { kind: found.kind, format: found.format, transparency: 'none' } as const;
  const settle = (fact: Pick<SignatureFact, 'outcome' | 'reason' | 'issuer'>) => ({
    covered: [],
    judge: async () => ({ ...basis, ...fact }),
  });
  try {
    const { issuer, attempts } = attemptsOf(found, keys, now);
    if (attempts.length === 0) return settle({ outcome: 'unverifiable', reason: 'key_unknown', issuer });
    const judge = async (digests: readonly Uint8Array<ArrayBuffer>[]) => ({
      ...basis,
      ...(await tryAll(attempts, digests)),
    });
    return { covered: attempts.map(({ covered }) => covered), judge };
  } catch (error) {
    // Many servers answer with a page to whatever is asked: what cannot be read is no forgery.
    return settle({ outcome: 'unverifiable', reason: codeOf(error) });
  }
}

function attemptsOf(
  { kind, bytes }: FoundDetached,
  keys: readonly PublisherKey[],
  now: number,
): { readonly issuer?: string | undefined; readonly attempts: readonly Attempt[] } {
  switch (kind) {
    case 'gpg':
      return attemptOpenPgp(bytes, keys, now);
    case 'minisign':
      return attemptMinisign(bytes, keys);
    case 'key':
      return attemptEd25519(bytes, keys);
  }
}

function attemptOpenPgp(bytes: Uint8Array<ArrayBuffer>, keys: readonly PublisherKey[], now: number) {
  const signature = parseDetachedSignature(bytes);
  const covered = coverSignature(signature);
  const attempts = keys.flatMap((one): Attempt[] => {
    if (one.kind !== 'openpgp') return [];
    const { certificate, key } = one;
    if (!certificate.signingKeys.some((signing) => isIssuedBy(signature, signing.key.fingerprint))) return [];
    const verify = async (digest: Uint8Array<ArrayBuffer>) => {
      const { isExpired } = await verifyDetachedSignature(certificate, { signature, digest, now });
      return isExpired ? 'expired' : undefined;
    };
    return [{ key, covered, verify }];
  });
  return { issuer: nameIssuer(signature), attempts };
}

function attemptMinisign(bytes: Uint8Array<ArrayBuffer>, keys: readonly PublisherKey[]) {
  const signature = parseMinisignSignature(new TextDecoder().decode(bytes));
  const attempts = keys.flatMap((one): Attempt[] => {
    if (one.kind !== 'minisign' || one.publicKey.keyNumber !== signature.keyNumber) return [];
    const verify = async (digest: Uint8Array<ArrayBuffer>) => {
      await verifyMinisignSignature(signature, one.publicKey, digest);
      return undefined;
    };
    return [{ key: one.key, covered: coverMinisign(signature, one.publicKey), verify }];
  });
  return { issuer: signature.keyNumber, attempts };
}

/** Nothing in it says by which key it is: each that was named may be the one. */
function attemptEd25519(bytes: Uint8Array<ArrayBuffer>, keys: readonly PublisherKey[]) {
  const signature = parseBase64(new TextDecoder().decode(bytes));
  const attempts = keys.flatMap((one): Attempt[] => {
    if (one.kind !== 'ed25519') return [];
    const signed = { key: one.raw, signature };
    const verify = async (digest: Uint8Array<ArrayBuffer>) => {
      verifyEd25519Digest(signed, digest);
      return undefined;
    };
    return [{ key: one.key, covered: coverEd25519(signed), verify }];
  });
  return { attempts };
}

async function tryAll(
  attempts: readonly Attempt[],
  digests: readonly Uint8Array<ArrayBuffer>[],
): Promise<Pick<SignatureFact, 'outcome' | 'reason' | 'key' | 'weakness'>> {
  const reasons: TrustErrorCode[] = [];
  for (const [index, { key, verify }] of attempts.entries()) {
    const digest = digests[index];
    if (!digest) throw new TypeError('expected a digest for each key');
    try {
      return { outcome: 'verified', key, weakness: await verify(digest) };
    } catch (error) {
      reasons.push(codeOf(error));
    }
  }
  const reason = reasons[0] ?? 'key_unknown';
  return { outcome: reason === 'algorithm_unsupported' ? 'unverifiable' : 'invalid', reason };
}

/** Anything else is a fault of ours and goes up. */
function codeOf(error: unknown): TrustErrorCode {
  if (error instanceof TrustError) return error.code;
  throw error;
}
