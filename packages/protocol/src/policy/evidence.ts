/** What is known of a release when its policy is asked: facts that somebody verified, refused, or could not find out. */
import type { SignerClaims } from '../sigstore/claims.ts';
import type { SbomFormat } from './policy.ts';
import type { Severity } from './severity.ts';

/** Who made a signature that was verified. */
export type EvidenceSigner =
  | { readonly kind: 'certificate'; readonly claims: SignerClaims }
  | { readonly kind: 'key'; readonly keyId: string };

/** A signature that was verified, bound to the artifact, and what came with it. */
export interface VerifiedSignature {
  readonly signer: EvidenceSigner;
  /** The name of the trusted root under which it was verified. */
  readonly trustRoot: string;
  readonly logEntries: number;
  readonly scts: number;
  readonly timestamps: number;
  /** The earliest proven time, in Unix milliseconds; absent for a key's signature without any. */
  readonly signedAt: number | undefined;
}

/** What became of one document that was handed in as evidence. `unknown`: it could not be judged, for no fault of its own. */
export type Judged<T> =
  | { readonly state: 'verified'; readonly document: string; readonly value: T }
  | { readonly state: 'refused' | 'unknown'; readonly document: string; readonly reason: string };

/** How an artifact was built, as a signed statement about it says. */
export interface ProvenanceFacts {
  readonly signature: VerifiedSignature;
  readonly builder: string;
  readonly buildType: string;
  readonly source: string | undefined;
  /** The SLSA build level that signer and builder are good for, 0 to 3. */
  readonly level: number;
}

/** A vulnerability of a component. */
export interface KnownVulnerability {
  readonly id: string;
  readonly component: string;
  readonly severity: Severity | 'unknown';
  /** The statement (VEX) by which it does not concern this artifact. */
  readonly suppressedBy: string | undefined;
}

/** What a bill of materials says, and what was found in it. */
export interface SbomFacts {
  readonly format: SbomFormat;
  readonly components: number;
  /** What keeps it from the minimum elements, in words. */
  readonly gaps: readonly string[];
  /** Absent: there is no data to match against. */
  readonly vulnerabilities:
    | {
        readonly found: readonly KnownVulnerability[];
        /** Unix milliseconds, of the oldest data; absent: no component belongs to an ecosystem. */
        readonly snapshotAt: number | undefined;
        /** How many components the data was asked for; the others have no package URL, version or known ecosystem. */
        readonly lookedUp: number;
        /** Ecosystems of components of which nothing is known. */
        readonly missing: readonly string[];
      }
    | undefined;
}

/** What the malware scanner said, and when (Unix milliseconds). `unknown`: it was not asked, or gave no verdict. */
export type ScanEvidence =
  | { readonly state: 'clean'; readonly scannedAt: number | undefined }
  | { readonly state: 'unknown' };

/** What is known of one file. */
export interface ArtifactEvidence {
  readonly name: string;
  readonly sha256: string;
  readonly signatures: readonly Judged<VerifiedSignature>[];
  readonly provenance: readonly Judged<ProvenanceFacts>[];
  readonly sboms: readonly Judged<SbomFacts>[];
  readonly scan: ScanEvidence;
}

/** What is known of a release. */
export interface ReleaseEvidence {
  readonly artifacts: readonly ArtifactEvidence[];
  /** How many maintainers must sign the manifest before it goes into service, by the trust list in force. */
  readonly approvals: number;
}
