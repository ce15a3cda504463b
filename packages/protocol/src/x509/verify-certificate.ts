/** Finds a path from a certificate to a trust anchor (RFC 4158) and verifies it, with bounded effort. */
import { encodeHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';
import { interpretSignatureAlgorithm } from '../keys/signature-algorithm.ts';
import { importPublicKey, type VerificationKey } from '../keys/verification-key.ts';
import { type Certificate, isSelfIssued, type SignedStructure } from './certificate.ts';
import type { KnownSignatures } from './known-signatures.ts';
import { isSameName } from './name.ts';
import { assertPath, defaultMaxIntermediates, type PathRequirements, type Profile } from './path.ts';

declare const verified: unique symbol;

/** A path that was verified for what was asked. Only `verifyCertificate` makes one. */
export interface VerifiedPath {
  readonly [verified]: true;
  readonly certificate: Certificate;
  /** From the certificate to the anchor; each is signed by the next. */
  readonly certificates: readonly [Certificate, Certificate, ...Certificate[]];
  readonly anchor: Certificate;
  /** In the anchor's terms; `anyPolicy` stands for all. Empty when no policy was asked for and none is valid. */
  readonly policies: ReadonlySet<string>;
  /** What it was verified for: the time in Unix ms, and how much was asked of each certificate. */
  readonly at: number;
  readonly profile: Profile;
}

/** Whom to trust, and what may stand between. */
export interface CertificatePool {
  /** Trusted; their own signatures are not looked at. */
  readonly anchors: readonly Certificate[];
  /** Not trusted, in any order; useless ones do no harm. */
  readonly intermediates: readonly Certificate[];
  /** What is known of intermediates from other paths, and takes what this one finds out. */
  readonly knownSignatures?: KnownSignatures;
  /** What other searches among the same certificates have asked already. */
  readonly signatureChecks?: SignatureChecks;
}

/** Issuers tried for one certificate, all paths together: hostile pools would have as many paths as they like. */
const maxSteps = 100;
/** Between certificate and anchor, the self-issued ones counted. */
const maxPathIntermediates = 24;

/**
 * A verified path from `certificate` to one of the anchors. Throws `certificate_untrusted` when none leads there, otherwise what
 * is wrong with the first complete path (see `assertPath`), or `bad_signature`.
 */
export async function verifyCertificate(
  certificate: Certificate,
  pool: CertificatePool,
  requirements: PathRequirements,
): Promise<VerifiedPath> {
  const search = new PathSearch(pool, requirements);
  const path = await search.extend([certificate]);
  if (!path) throw search.failure;
  return path;
}

/** Throws `bad_signature`, `algorithm_unsupported` or `malformed` unless `signed` is signed by `key`. */
export async function verifySigned(signed: SignedStructure, key: VerificationKey): Promise<void> {
  const algorithm = interpretSignatureAlgorithm(signed.signatureAlgorithm);
  await key.verify({ algorithm, message: signed.signedBytes, signature: signed.signature });
}

/**
 * Signatures of certificates under each other's keys, each verified once however many paths and times ask: refusals are remembered, too. It keeps
 * the certificates, and is for one question.
 */
export class SignatureChecks {
  readonly #keys = new Map<Certificate, Promise<VerificationKey>>();
  readonly #answers = new Map<Certificate, Map<Certificate, Promise<void>>>();

  /** Throws as `verifySigned` and the import of the issuer's key do. */
  verify(certificate: Certificate, issuer: Certificate): Promise<void> {
    const answers = this.#answers.get(certificate) ?? new Map<Certificate, Promise<void>>();
    this.#answers.set(certificate, answers);
    const answer = answers.get(issuer) ?? this.#ask(certificate, issuer);
    answers.set(issuer, answer);
    return answer;
  }

  async #ask(certificate: Certificate, issuer: Certificate): Promise<void> {
    const key = this.#keys.get(issuer) ?? importPublicKey(issuer.spki);
    this.#keys.set(issuer, key);
    await verifySigned(certificate, await key);
  }
}

class PathSearch {
  readonly #pool: CertificatePool;
  readonly #requirements: PathRequirements;
  readonly #checks: SignatureChecks;
  #steps = 0;
  #failure: TrustError | undefined;

  constructor(pool: CertificatePool, requirements: PathRequirements) {
    this.#pool = pool;
    this.#requirements = requirements;
    this.#checks = pool.signatureChecks ?? new SignatureChecks();
  }

  /** Why there is no path. */
  get failure(): TrustError {
    return this.#failure ?? new TrustError('certificate_untrusted', 'expected a path to a trust anchor, found none');
  }

  /** The first good path that begins with `path`; depth first, anchors before intermediates. */
  async extend(path: readonly [Certificate, ...Certificate[]]): Promise<VerifiedPath | undefined> {
    const child = path[path.length - 1] ?? path[0];
    for (const anchor of this.#pool.anchors.filter((one) => mayIssue(one, child))) {
      const found = (await this.#isIssuedBy(path, anchor)) && this.#accept([...path, anchor]);
      if (found) return found;
    }
    if (!this.#mayGrow(path)) return undefined;
    for (const issuer of this.#pool.intermediates.filter((one) => mayIssue(one, child) && !isOnPath(one, path))) {
      const found = (await this.#isIssuedBy(path, issuer)) && (await this.extend([...path, issuer]));
      if (found) return found;
    }
    return undefined;
  }

  #mayGrow(path: readonly Certificate[]): boolean {
    const max = this.#requirements.maxIntermediates ?? defaultMaxIntermediates;
    const counted = path.slice(1).filter((one) => !isSelfIssued(one)).length;
    return counted <= max && path.length <= maxPathIntermediates;
  }

  #accept(certificates: readonly Certificate[]): VerifiedPath | undefined {
    try {
      const policies = assertPath(certificates, this.#requirements);
      const { at, profile = 'rfc5280' } = this.#requirements;
      const [certificate] = certificates;
      const path = { certificate, certificates, anchor: certificates.at(-1), policies, at, profile };
      return path as unknown as VerifiedPath;
    } catch (error) {
      this.#note(error);
      return undefined;
    }
  }

  /** Whether the last certificate of `path` is signed by `issuer`. */
  async #isIssuedBy(path: readonly [Certificate, ...Certificate[]], issuer: Certificate): Promise<boolean> {
    const child = path[path.length - 1] ?? path[0];
    // Only what stands above the first one comes again.
    const known = path.length > 1 ? this.#pool.knownSignatures : undefined;
    if (++this.#steps > maxSteps) {
      throw new TrustError('certificate_untrusted', `expected a path to a trust anchor within ${maxSteps} steps`);
    }
    if (known?.has(child, issuer)) return true;
    try {
      await this.#checks.verify(child, issuer);
      known?.add(child, issuer);
      return true;
    } catch (error) {
      this.#note(error);
      return false;
    }
  }

  /** Remembers the first refusal; programming mistakes go on up. */
  #note(error: unknown): void {
    if (!(error instanceof TrustError)) throw error;
    this.#failure ??= error;
  }
}

/** Whether names and key identifiers say that `issuer` may have signed `child`. */
function mayIssue(issuer: Certificate, child: Certificate): boolean {
  if (!isSameName(issuer.subject, child.issuer)) return false;
  const pointed = child.extensions.authorityKeyIdentifier?.value.keyIdentifier;
  const own = issuer.extensions.subjectKeyIdentifier?.value;
  return !pointed || !own || encodeHex(pointed) === encodeHex(own);
}

/** RFC 4158, 2.4.1: the same name with the same key again leads nowhere new. */
function isOnPath(candidate: Certificate, path: readonly Certificate[]): boolean {
  const key = encodeHex(candidate.spki);
  return path.some((one) => isSameName(one.subject, candidate.subject) && encodeHex(one.spki) === key);
}
