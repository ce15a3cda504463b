/** Signatures on authorities' certificates that were verified before: no time changes them, and the same few come again and again. */
import { encodeHex } from '../bytes/hex.ts';
import { hashSha256 } from '../bytes/sha256.ts';
import type { Certificate } from './certificate.ts';

/** Hostile chains would bring as many certificates as they like. */
const maxKnown = 1000;

/** Which certificates are known to be signed by which keys, both by fingerprint. */
export class KnownSignatures {
  readonly #known = new Set<string>();

  /** Whether `certificate` is known to be signed by the key of `issuer`. */
  has(certificate: Certificate, issuer: Certificate): boolean {
    return this.#known.has(describe(certificate, issuer));
  }

  /** Notes what was verified. Above a thousand all are forgotten. */
  add(certificate: Certificate, issuer: Certificate): void {
    if (this.#known.size >= maxKnown) this.#known.clear();
    this.#known.add(describe(certificate, issuer));
  }
}

function describe(certificate: Certificate, issuer: Certificate): string {
  return `${encodeHex(hashSha256(certificate.bytes))} ${encodeHex(hashSha256(issuer.spki))}`;
}
