/** What readers find beside an artifact and take for a signature, as it was found. Nothing of it is verified. */
import type { SignatureFact } from '../../facts/fact-set.ts';

/** Where it was found, as fact sets name it. */
type SignatureFormat = SignatureFact['format'];

/** The longest bundle or envelope that is read, in bytes: a statement of 4 MiB, as SBOMs are, in base64. */
export const maxSignatureBytes: number = 6 * 1024 * 1024;

/** Annotations of a layer (OCI Image Format, "Annotations"). */
export type Annotations = ReadonlyMap<string, string>;

/** Something that may be a signature of the artifact. */
export type FoundSignature =
  /** A Sigstore bundle, JSON. */
  | {
      readonly kind: 'bundle';
      readonly format: SignatureFormat;
      readonly bytes: Uint8Array<ArrayBuffer>;
      /** What it is over, where that is not the artifact but something that was held against it. */
      readonly signed?: Uint8Array<ArrayBuffer> | undefined;
    }
  /** A payload of cosign's older form, whose signature stands in annotations. */
  | {
      readonly kind: 'cosign-signature';
      readonly format: SignatureFormat;
      readonly payload: Uint8Array<ArrayBuffer>;
      readonly annotations: Annotations;
    }
  /** A DSSE envelope in cosign's older form, whose certificate and log entry stand in annotations. */
  | {
      readonly kind: 'cosign-attestation';
      readonly format: SignatureFormat;
      readonly envelope: Uint8Array<ArrayBuffer>;
      readonly annotations: Annotations;
    }
  /** Of a kind that is not read, such as Notary's. */
  | { readonly kind: 'foreign'; readonly format: SignatureFormat };
