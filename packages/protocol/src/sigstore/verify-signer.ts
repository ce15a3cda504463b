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
export interface SignerEvidence {
  readonly signer: VerifiedSigner;
  readonly scts: readonly VerifiedCertificateTimestamp[];
}

/** What is begun before the times are known. */
export interface SignerCheck {
  /** Under which the content and the log entries must stand. Whether it is the required signer's, `verifyAt` says. */
  readonly key: Promise<VerificationKey>;
  /** The signer, at all proven times (Unix ms). Throws what `verifySignerCertificate` and the later steps throw. */
  verifyAt(times: readonly number[]): Promise<SignerEvidence>;
}

/** Begins all about a signer that needs no time. Throws nothing: refusals come out of what it returns. */
export function beginSignerCheck(signer: BundleSigner, required: RequiredSigner, root: TrustedRoot): SignerCheck {
  if (signer.kind === 'certificate' && required.kind === 'policy') {
    return beginCertificateCheck(signer.certificates, required.policy, root);
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

function useKey(key: VerificationKey): SignerEvidence {
  const { subjectKey } = key;
  if (subjectKey.kind === 'rsa' && subjectKey.modulusBits < 2048) {
    throw new TrustError('algorithm_unsupported', `expected RSA of at least 2048 bits, got ${subjectKey.modulusBits}`);
  }
  return { signer: { kind: 'key', key }, scts: [] };
}

type Chain = readonly [Certificate, ...Certificate[]];

function beginCertificateCheck(chain: Chain, policy: IdentityPolicy, root: TrustedRoot): SignerCheck {
  const [certificate] = chain;
  const { certificateAuthorities: authorities, certificateLogs: logs } = root;
  const likelyIssuer = beginIssuance(chain, authorities);
  const verifyScts = (issuer: Certificate) =>
    verifyCertificateTimestamps({ certificate, issuer }, { logs, minimum: policy.scts });
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
      const claims = parseSignerClaims(certificate);
      const identity = verifyIdentity(claims, policy);
      // A key of an unknown kind is refused here, in the certificate's own place.
      await key;
      return { signer: { kind: 'certificate', certificate, claims, identity }, scts };
    },
  };
}
