/** One ECDSA signature to be held against its key by node:crypto, as threads hand it on. */
import { verify } from 'node:crypto';

/** What is signed, by what and how. */
export interface SignatureCheck {
  readonly spki: Uint8Array<ArrayBuffer>;
  /** As node:crypto names it. */
  readonly digest: string;
  readonly message: Uint8Array<ArrayBuffer>;
  /** DER. */
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** Whether the key signed it; `unusable` when there is no such point. */
export type CheckResult = 'signed' | 'not-signed' | 'unusable';

/** Holds the signature against the key, in this thread. */
export function checkSignature(check: SignatureCheck): CheckResult {
  try {
    return verify(check.digest, check.message, describeKey(check), check.signature) ? 'signed' : 'not-signed';
  } catch {
    return 'unusable';
  }
}

/** The same in the thread pool; this thread still reads the key, which is a third of the work. */
export function checkInPool(check: SignatureCheck): Promise<CheckResult> {
  return new Promise((resolve) => {
    try {
      verify(check.digest, check.message, describeKey(check), check.signature, (error, isSigned) =>
        resolve(error ? 'unusable' : isSigned ? 'signed' : 'not-signed'),
      );
    } catch {
      resolve('unusable');
    }
  });
}

// As PEM: OpenSSL reads the same key from DER, which it offers to all its decoders, in twice the time.
function describeKey({ spki }: SignatureCheck): string {
  const base64 = Buffer.from(spki.buffer, spki.byteOffset, spki.length).toString('base64');
  return `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`;
}

/** Checks as one message between threads: a buffer for each part of each would cost more than a signature. */
export interface PackedChecks {
  readonly digests: readonly string[];
  /** Key, message and signature of each in turn. */
  readonly lengths: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Packs checks; `bytes` is a buffer of its own. */
export function packChecks(checks: readonly SignatureCheck[]): PackedChecks {
  const parts = checks.flatMap(({ spki, message, signature }) => [spki, message, signature]);
  const lengths = parts.map(({ length }) => length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { digests: checks.map(({ digest }) => digest), lengths, bytes };
}

/** What was packed. */
export function unpackChecks({ digests, lengths, bytes }: PackedChecks): SignatureCheck[] {
  let at = 0;
  const take = (index: number) => {
    const part = bytes.subarray(at, at + (lengths[index] ?? 0));
    at += part.length;
    return part;
  };
  return digests.map((digest, index) => ({
    digest,
    spki: take(3 * index),
    message: take(3 * index + 1),
    signature: take(3 * index + 2),
  }));
}
