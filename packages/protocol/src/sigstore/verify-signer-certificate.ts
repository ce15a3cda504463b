/** Certificates of signers: Fulcio's profile (sigstore/fulcio, docs/certificate-specification.md) and the path to an authority of a trusted root. */
import { isSameBytes } from '../bytes/compare.ts';
import { TrustError } from '../errors.ts';
import { type Certificate, isAuthority } from '../x509/certificate.ts';
import { formatName, isSameName } from '../x509/name.ts';
import { purposes } from '../x509/oids.ts';
import { assertPath } from '../x509/path.ts';
import { SignatureChecks, verifyCertificate, verifySigned } from '../x509/verify-certificate.ts';
import type { AuthorityInstance } from './authority-instance.ts';
import { beginStep } from './begin-step.ts';
import { isWithin } from './validity-window.ts';

/** A certificate that leads to an authority at all times in question. */
export interface VerifiedSignerCertificate {
  readonly certificate: Certificate;
  /** Who signed the certificate. */
  readonly issuer: Certificate;
  readonly authority: AuthorityInstance;
}

/**
 * The signer's certificate, the first of `chain`; the others must stand on its path. `times` (Unix ms, at least one) are those at
 * which the signature is proven to have been there: the whole path must be valid at each. Throws `certificate_invalid`,
 * `certificate_expired`, `certificate_untrusted`, `name_mismatch`, `bad_signature` or `algorithm_unsupported`.
 */
export async function verifySignerCertificate(
  chain: readonly [Certificate, ...Certificate[]],
  authorities: readonly AuthorityInstance[],
  times: readonly number[],
): Promise<VerifiedSignerCertificate> {
  const [certificate] = chain;
  if (times.length === 0) throw new TypeError('expected at least one time');
  assertProfile(certificate);
  const trusted = authorities.filter(({ window }) => times.every((time) => isWithin(window, time)));
  const question = { times, signatureChecks: new SignatureChecks() };
  let failure: unknown;
  for (const authority of trusted.filter((one) => mayLead(chain, one))) {
    try {
      return await verifyBy(authority, chain, question);
    } catch (error) {
      if (!(error instanceof TrustError)) throw error;
      failure ??= error;
    }
  }
  if (failure) throw failure;
  const when = times.map((time) => new Date(time).toISOString()).join(' and ');
  const issuer = formatName(certificate.issuer);
  throw new TrustError('certificate_untrusted', `expected an issuer that is trusted at ${when}, got ${issuer}`);
}

/**
 * Begins to verify the signature of the authority that `verifySignerCertificate` will most likely ask, and returns its certificate; nothing
 * when it cannot be told before the times are. Decides nothing.
 */
export function beginIssuance(
  chain: readonly [Certificate, ...Certificate[]],
  authorities: readonly AuthorityInstance[],
): Certificate | undefined {
  const [certificate, ...above] = chain;
  // Signers sign right after they get their certificates.
  const likely = authorities.find(
    (one) =>
      isWithin(one.window, certificate.notBefore) &&
      isKnownChain(above, one) &&
      isSameName(one.certificates[0].subject, certificate.issuer),
  );
  if (likely) beginStep(verifyIssuance(certificate, likely));
  return likely?.certificates[0];
}

/** What the certificate says of itself must be what a signer's says, and nothing more. */
function assertProfile(certificate: Certificate): void {
  const { keyUsage, extendedKeyUsage } = certificate.extensions;
  if (isAuthority(certificate)) throw refuse("a signer's certificate", "an authority's");
  if (!keyUsage?.value.has('digitalSignature')) throw refuse('the key usage digitalSignature', 'another or none');
  const [purpose, ...others] = extendedKeyUsage?.value ?? [];
  if (purpose !== purposes.codeSigning || others.length > 0) {
    throw refuse('a certificate for signing code alone', extendedKeyUsage ? 'other purposes' : 'one without purposes');
  }
}

/** Whether the name of the issuer leads there: directly, or by what the bundle brings. */
function mayLead(
  [certificate, ...above]: readonly [Certificate, ...Certificate[]],
  { certificates }: AuthorityInstance,
) {
  return above.length > 0 || isSameName(certificates[0].subject, certificate.issuer);
}

/** Whether an authority signed a certificate, which no time changes: asked once for each pair. */
const issuances = new WeakMap<Certificate, Map<AuthorityInstance, Promise<void>>>();

function verifyIssuance(certificate: Certificate, authority: AuthorityInstance): Promise<void> {
  const known = issuances.get(certificate) ?? new Map<AuthorityInstance, Promise<void>>();
  issuances.set(certificate, known);
  const pending = known.get(authority) ?? beginStep(verifySigned(certificate, authority.key));
  known.set(authority, pending);
  return pending;
}

/** What is asked of each authority. */
interface Question {
  readonly times: readonly number[];
  /** Shared by all: a chain that leads nowhere is as dear as one search, however many authorities and times there are. */
  readonly signatureChecks: SignatureChecks;
}

async function verifyBy(
  authority: AuthorityInstance,
  [certificate, ...above]: readonly [Certificate, ...Certificate[]],
  question: Question,
): Promise<VerifiedSignerCertificate> {
  if (!isKnownChain(above, authority)) return verifyByBundle(authority, [certificate, ...above], question);
  await verifyIssuance(certificate, authority);
  // The signatures above are verified already; what the certificates say depends on the time.
  for (const at of question.times)
    assertPath([certificate, ...authority.certificates], { at, purpose: purposes.codeSigning });
  return { certificate, issuer: authority.certificates[0], authority };
}

/** Whether the trusted root holds all that a bundle brings. */
function isKnownChain(above: readonly Certificate[], { certificates }: AuthorityInstance): boolean {
  return above.every((one, index) => isSameBytes(one.bytes, certificates[index]?.bytes ?? new Uint8Array()));
}

/** For bundles that bring intermediates which the trusted root does not hold. */
async function verifyByBundle(
  authority: AuthorityInstance,
  [certificate, ...above]: readonly [Certificate, ...Certificate[]],
  { times, signatureChecks }: Question,
): Promise<VerifiedSignerCertificate> {
  const anchor = authority.certificates.at(-1) ?? authority.certificates[0];
  const intermediates = [...above, ...authority.certificates.slice(0, -1)];
  const pool = { anchors: [anchor], intermediates, knownSignatures: authority.knownSignatures, signatureChecks };
  let issuer: Certificate | undefined;
  for (const at of times) {
    const { certificates } = await verifyCertificate(certificate, pool, { at, purpose: purposes.codeSigning });
    issuer = certificates[1];
    const isOnPath = above.every((one, index) => certificates[index + 1] === one);
    if (!isOnPath) throw refuse('a chain in which each certificate is issued by the next', 'another');
  }
  if (!issuer) throw new TypeError('expected at least one time');
  return { certificate, issuer, authority };
}

function refuse(expected: string, got: string): TrustError {
  return new TrustError('certificate_invalid', `expected ${expected}, got ${got}`);
}
