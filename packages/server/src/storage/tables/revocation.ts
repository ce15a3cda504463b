/** Tables of revocation: the lists that authorities publish, how far their numbers are, and who answers for them. */

/**
 * How far an authority is. Primary key authority_id. `number` is the last one taken by a list, and only grows. `base_number`,
 * `base_at`: the complete list that deltas are measured from; `base_held` a JSON array of the serial numbers that were on
 * hold there or in a list since. `shards`: into how many parts lists are published besides (1: none). `covered` says which revocations the
 * lists hold; when the certificates say otherwise, the lists are behind.
 */
export interface RevocationStateTable {
  authority_id: string;
  organisation_id: string;
  number: number;
  base_number: number | null;
  base_at: number | null;
  base_held: string;
  shards: number;
  covered: string;
}

/**
 * The newest list of a kind. Primary key (authority_id, kind, part); `part` is empty for the list of all certificates, else
 * `count-index`. `content` is the hex SHA-256 of the encoded entries. DER stands as base64.
 */
export interface RevocationListTable {
  authority_id: string;
  organisation_id: string;
  kind: 'complete' | 'delta';
  part: string;
  number: number;
  base_number: number | null;
  this_update: number;
  next_update: number;
  entries: number;
  content: string;
  der: string;
  digest: string;
  created_at: number;
}

/** A key that answers for an authority by OCSP, sealed; primary key certificate_id. */
export interface OcspResponderTable {
  certificate_id: string;
  authority_id: string;
  organisation_id: string;
  sealed_key: string;
  not_after: number;
  created_at: number;
}
