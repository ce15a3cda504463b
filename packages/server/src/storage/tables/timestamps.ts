/** Tables of the timestamp authorities. */

/**
 * A timestamp authority, at most one to an authority: primary key authority_id. `certificate_id` is the certificate that signs now;
 * its key is sealed here, and gone once another one signs or timestamps are switched off (`disabled_at`). No time before
 * `reserved_until` is stamped any more, whatever the clock says; it only grows.
 */
export interface TimestampAuthorityTable {
  authority_id: string;
  organisation_id: string;
  certificate_id: string;
  sealed_key: string | null;
  policy: string;
  accuracy_ms: number;
  is_ordered: number;
  reserved_until: number;
  enabled_at: number;
  disabled_at: number | null;
}
