/** Tells who signed a bundle, whoever it is (docs/protocol/bundles.md). Knowing who is no reason to trust them: nothing here meets a policy. */
import { TrustError } from '../errors.ts';
import { importPublicKey, type VerificationKey } from '../keys/verification-key.ts';
import type { Certificate } from '../x509/certificate.ts';
import type { Artifact } from './artifact.ts';
import { beginStep } from './begin-step.ts';
import type { Bundle } from './bundle.ts';
import type { BundleLogEntry } from './bundle-log-entry.ts';
import { type ProvenTime, takeBundleSteps } from './bundle-steps.ts';
import type { SignerClaims } from './claims.ts';
import { readEntryKey } from './log-entry-body.ts';
import type { TrustedRoot } from './trusted-root.ts';
import { type ObservedContent, observeContent } from './verify-content.ts';
import type { VerifiedLogEntry } from './verify-log-entry.ts';
import { beginCertificateCheck, type SignerCheck, useKey } from './verify-signer.ts';

declare const observed: unique symbol;

/** Who signed, on the word of an authority of the trusted root; or the key that a log of it has on record. */
export type ObservedSigner =
  | { readonly kind: 'certificate'; readonly certificate: Certificate; readonly claims: SignerClaims }
  | { readonly kind: 'key'; readonly key: VerificationKey };

/** A bundle that holds in itself, by whomever. Only `observeBundle` makes one, and it is no `VerifiedBundle`. */
export interface ObservedBundle {
  readonly [observed]: true;
  readonly signer: ObservedSigner;
  /** When the signature is proven to have been there. */
  readonly times: readonly ProvenTime[];
  readonly logEntries: readonly VerifiedLogEntry[];
  readonly content: ObservedContent;
}

/** What a bundle is looked at with. */
export interface ObservationRequirements {
  readonly artifact: Artifact;
  readonly trustedRoot: TrustedRoot;
  /** Unix ms: nothing may have been signed after it, but for a minute of other clocks. */
  readonly now: number;
}

/**
 * Takes the steps of `verifyBundle` but the identity, and asks for no more evidence than proves itself: promises of logs are enough, and
 * certificate transparency counts where it is there. A statement about other artifacts is told, not refused. Throws as
 * `verifyBundle`; `key_unknown` for a signature by a key that no log entry shows.
 */
export async function observeBundle(
  bundle: Bundle,
  { artifact, trustedRoot, now }: ObservationRequirements,
): Promise<ObservedBundle> {
  const { signer, times, logEntries, content } = await takeBundleSteps(bundle, {
    ...{ trustedRoot, now, acceptPromises: true, witnesses: undefined },
    minimums: { logEntries: bundle.signer.kind === 'key' ? 1 : 0, scts: 0, timestamps: 0 },
    signer: beginObservation(bundle, trustedRoot),
    content: { isLate: artifact.kind === 'stream', verify: (key) => observeContent(bundle.content, key, artifact) },
  });
  return { signer, times, logEntries, content } as unknown as ObservedBundle;
}

function beginObservation({ signer, logEntries }: Bundle, trustedRoot: TrustedRoot): SignerCheck<ObservedSigner> {
  if (signer.kind === 'certificate') {
    return beginCertificateCheck(signer.certificates, trustedRoot, {
      scts: 0,
      nameSigner: (certificate, claims): ObservedSigner => ({ kind: 'certificate', certificate, claims }),
    });
  }
  const key = beginStep(importLoggedKey(logEntries));
  return { key, verifyAt: async () => useKey(await key) };
}

/** The key of the first entry; that all entries are about it, their own step says. */
async function importLoggedKey([first]: readonly BundleLogEntry[]): Promise<VerificationKey> {
  const spki = first && readEntryKey(first);
  if (spki) return importPublicKey(spki);
  throw new TrustError('key_unknown', 'expected a log entry that shows the key, got none');
}
