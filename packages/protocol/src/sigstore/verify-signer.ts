/** Who signed a bundle: somebody's certificate, its transparency and identity, or a key that the caller named. */
import { TrustError } from '../errors.ts';
import { importPublicKey, type VerificationKey } from '../keys/verification-key.ts';
import type { Certificate } from '../x509/certificate.ts';
import { beginStep } from './begin-step.ts';
import type { BundleSigner } from './bundle.ts';
import { parseSignerClaims, type SignerClaims } from './claims.ts';
import type { EvidenceMinimums, IdentityPolicy, SignerIdentity } from './identity-policy.ts';
import type { TrustedRoot } from './trusted-root.ts';
import { type VerifiedCertificateTimestamp, verifyCertificateTimestamps } from './verify-certificate-timestamps.ts';
import { verifyIdentity } from './verify-identity.ts';
import { beginIssuance, verifySignerCertificate } from './verify-signer-certificate.ts';

/** Who signed. */
export type VerifiedSigner =
  | {
      readonly kind: 'certificate';
      readonly certificate: Certificate;
      readonly claims: SignerClaims;
      /** The one of the policy that the signer is. */
      readonly identity: SignerIdentity;
    }
  | { readonly kind: 'key'; readonly key: VerificationKey };

/** Whose signature counts: somebody's that a policy names, by certificate; or a key's, with how much evidence. */
export type RequiredSigner =
  | { readonly kind: 'policy'; readonly policy: IdentityPolicy }
  | { readonly kind: 'key'; readonly key: VerificationKey; readonly minimums?: EvidenceMinimums };

/** A signer, and the logs that promised to publish the certificate. */
export interface SignerEvidence<Signer> {
  readonly signer: Signer;
  readonly scts: readonly VerifiedCertificateTimestamp[];
}

/** What is begun before the times are known. */
export interface SignerCheck<Signer> {
  /** Under which the content and the log entries must stand. Whether it is the required signer's, `verifyAt` says. */
  readonly key: Promise<VerificationKey>;
  /** The signer, at all proven times (Unix ms). Throws what `verifySignerCertificate` and the later steps throw. */
  verifyAt(times: readonly number[]): Promise<SignerEvidence<Signer>>;
}

/** Begins all about a signer that needs no time. Throws nothing: refusals come out of what it returns. */
export function beginSignerCheck(
  signer: BundleSigner,
  required: RequiredSigner,
  root: TrustedRoot,
): SignerCheck<VerifiedSigner> {
  if (signer.kind === 'certificate' && required.kind === 'policy') {
    const { policy } = required;
    return beginCertificateCheck(signer.certificates, root, {
      scts: policy.scts,
      nameSigner: (certificate, claims) => ({
        ...{ kind: 'certificate', certificate, claims },
        identity: verifyIdentity(claims, policy),
      }),
    });
  }
  if (signer.kind === 'key' && required.kind === 'key') {
    return { key: Promise.resolve(required.key), verifyAt: async () => useKey(required.key) };
  }
  const refusal = beginStep(refuseSigner(signer, required));
  return { key: refusal, verifyAt: () => refusal };
}

async function refuseSigner(signer: BundleSigner, required: RequiredSigner): Promise<never> {
  const words = { certificate: 'a certificate', policy: 'a certificate', key: 'a key' } as const;
  throw new TrustError(
    'identity_mismatch',
    `expected a signature by ${words[required.kind]}, got one by ${words[signer.kind]}`,
  );
}

/** A key as signer, on whoever's word. Throws `algorithm_unsupported` for one that is too short. */
export function useKey(key: VerificationKey): SignerEvidence<{ readonly kind: 'key'; readonly key: VerificationKey }> {
  const { subjectKey } = key;
  if (subjectKey.kind === 'rsa' && subjectKey.modulusBits < 2048) {
    throw new TrustError('algorithm_unsupported', `expected RSA of at least 2048 bits, got ${subjectKey.modulusBits}`);
  }
  return { signer: { kind: 'key', key }, scts: [] };
}

type Chain = readonly [Certificate, ...Certificate[]];

/** What is asked of a certificate beside that it is good. */
interface CertificateQuestion<Signer> {
  /** Logs that must have promised to publish it. */
  readonly scts: number;
  /** Who it is; may refuse. */
  readonly nameSigner: (certificate: Certificate, claims: SignerClaims) => Signer;
}

/** Begins all about a certificate that needs no time. Throws nothing, as `beginSignerCheck`. */
export function beginCertificateCheck<Signer>(
  chain: Chain,
  { certificateAuthorities: authorities, certificateLogs: logs }: TrustedRoot,
  { scts: minimum, nameSigner }: CertificateQuestion<Signer>,
): SignerCheck<Signer> {
  const [certificate] = chain;
  const likelyIssuer = beginIssuance(chain, authorities);
  const verifyScts = (issuer: Certificate) => verifyCertificateTimestamps({ certificate, issuer }, { logs, minimum });
  const likelyScts = likelyIssuer && beginStep(verifyScts(likelyIssuer));
  const key = beginStep(importPublicKey(certificate.spki));
  return {
    key,
    verifyAt: async (times) => {
      // Certificates live minutes: without a time, nobody knows whether this one was alive.
      if (times.length === 0) {
        throw new TrustError('signed_time_missing', 'expected a proof of the signing time, got none');
      }
      const { issuer } = await verifySignerCertificate(chain, authorities, times);
      const scts = await (issuer === likelyIssuer && likelyScts ? likelyScts : verifyScts(issuer));
      const signer = nameSigner(certificate, parseSignerClaims(certificate));
      // A key of an unknown kind is refused here, in the certificate's own place.
      await key;
      return { signer, scts };
    },
  };
}
