/** One error class for the whole package; its codes are API (docs/protocol/errors.md). */

export const trustErrorCodes = [
  /** The bytes or JSON do not have the shape that the format demands. */
  'malformed',
  /** Larger than the limit named in the message. */
  'too_large',
  /** A value that the canonical form cannot carry (float, empty object, key that looks like a number, ...). */
  'not_canonical',
  /** A signature does not verify, or too few of them do. */
  'bad_signature',
  /** A trust list version below the one already accepted, or the same version with other bytes. */
  'trust_replayed',
  /** The trust list has expired. */
  'trust_expired',
  /** No trust list is published, or none has been fetched yet. */
  'trust_missing',
  /** A release was seen on the channel before, and the server says now that there is none: withdrawn, or withheld. */
  'manifest_missing',
  /** A trust list brings new roots, and too few of those have signed it. */
  'root_not_trusted',
  /** The manifest names another project. */
  'wrong_project',
  /** The manifest names another channel. */
  'wrong_channel',
  /** A key that the trust list does not hold. */
  'key_unknown',
  /** A key that the trust list holds for something else. */
  'key_out_of_scope',
  /** A key outside its validity window. */
  'key_not_in_window',
  /** A key that the trust list has revoked. */
  'key_revoked',
  /** The manifest is past its `expires_at` or older than the client allows. */
  'manifest_stale',
  /** A counter below the highest seen, the same counter with other bytes, or another counter epoch than the trust list's. */
  'manifest_replayed',
  /** A catalogue was seen of the collection before, and the server says now that there is none. */
  'catalogue_missing',
  /** The catalogue is that of another collection. */
  'wrong_collection',
  /** The catalogue is past its `expires_at`, or from the future. */
  'catalogue_stale',
  /** A catalogue version below the highest seen, the same version with other bytes, or another counter epoch than the trust list's. */
  'catalogue_replayed',
  /** An entry of a catalogue without the signature of what it offers. */
  'entry_unsigned',
  /** An entry of a catalogue that says something else than the manifest in it. */
  'entry_mismatch',
  /** An entry that another author signed than the one seen before, or none. */
  'author_changed',
  /** An entry that its author signed before one that was seen. */
  'author_replayed',
  /** A version below, or a signature older than, what was seen of a source before. */
  'source_replayed',
  /** The running version is below the manifest's `min_version`. */
  'version_unsupported',
  /** The downloaded bytes have another size. */
  'size_mismatch',
  /** The downloaded bytes have another digest. */
  'digest_mismatch',
  /** The server or mirror did not answer as expected. */
  'fetch_failed',
  /** The stored state of the client cannot be read. */
  'state_invalid',
  /** A key, curve, size or signature algorithm that is not accepted. */
  'algorithm_unsupported',
  /** A certificate, request or revocation list breaks a rule of RFC 5280, or a rule of the path that it stands in. */
  'certificate_invalid',
  /** A certificate outside its validity period. */
  'certificate_expired',
  /** No path leads from the certificate to a trust anchor. */
  'certificate_untrusted',
  /** The certificate, or one above it, is revoked. */
  'certificate_revoked',
  /** No current revocation list or OCSP response covers the certificate. */
  'revocation_unknown',
  /** The certificate is for other names, addresses or purposes. */
  'name_mismatch',
  /** The password does not open the file, or the file was changed: nobody can tell which. */
  'password_wrong',
  /** A timestamp of something else, for another request, or by a certificate that is not for timestamps alone. */
  'timestamp_invalid',
  /** A trusted root that is not whole: a window without a start, a chain that is none, an instance that is there twice. */
  'trusted_root_invalid',
  /** A transparency log that the trusted root or the trust list does not name, or not at the time in question. */
  'log_untrusted',
  /** Fewer log entries than asked for. */
  'log_entry_missing',
  /** A log entry that is about something else than the bundle that it stands in. */
  'log_entry_mismatch',
  /** An inclusion or consistency proof, or the promise of one, that does not hold. */
  'log_proof_invalid',
  /** No proof that the document is in the transparency log, and the trust list demands one. */
  'log_proof_missing',
  /** A transparency log signed two checkpoints that contradict each other: it shows different histories to different people. */
  'log_inconsistent',
  /** No certificate timestamp of a log that counts, fewer than asked for, or one that does not verify. */
  'sct_invalid',
  /** Nothing proves when the signature was made, or fewer timestamps do than asked for. */
  'signed_time_missing',
  /** A proven time that lies in the future. */
  'signed_time_invalid',
  /** Signed by somebody else than the policy names. */
  'identity_mismatch',
  /** The evidence is not all that a policy of releases demands. */
  'policy_denied',
  /** A statement about other artifacts. */
  'subject_mismatch',
  /** A document of another format, or of a version of it, that is not read. */
  'format_unsupported',
  /** TUF metadata that is past its `expires`. */
  'metadata_expired',
  /** TUF metadata older than what was accepted before, or a role that was there before and is gone. */
  'metadata_replayed',
  /** TUF metadata of another type or version than the metadata above it names. */
  'metadata_mismatch',
  /** No role that may speak of the target does. */
  'target_unknown',
  /** A signed frame that is not accepted. The reason is for metrics alone: a sender who forges learns nothing. */
  'frame_refused',
] as const;

/** What went wrong, stable across versions. */
export type TrustErrorCode = (typeof trustErrorCodes)[number];

/** Thrown for every refusal of untrusted input. The message says what was expected and what came, and holds no secret. */
export class TrustError extends Error {
  override readonly name = 'TrustError';
  readonly code: TrustErrorCode;
  /** Signed documents that prove to others what went wrong, such as two checkpoints of one log that contradict each other. */
  readonly evidence: readonly string[];

  constructor(code: TrustErrorCode, message: string, options?: { cause?: unknown; evidence?: readonly string[] }) {
    super(message, options);
    this.code = code;
    this.evidence = options?.evidence ?? [];
  }
}
