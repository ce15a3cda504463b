/** Tables of ACME: directories, binding keys, accounts, orders and authorisations. */

/**
 * What clients enrol with. Unique (organisation_id, name). `profiles`, `names`, `challenges` and `limits` are JSON
 * (`DirectoryRules`). `addresses` says where validation may connect to. `closed` answers nobody.
 */
export interface AcmeDirectoryTable {
  id: string;
  organisation_id: string;
  name: string;
  authority_id: string;
  profiles: string;
  names: string;
  challenges: string;
  limits: string;
  binding_required: number;
  terms_url: string | null;
  addresses: 'public' | 'private' | 'any';
  http_port: number;
  tls_port: number;
  state: 'open' | 'closed';
  created_at: number;
}

/** A key for external account binding; its id is the `kid`. `account_id` is set by the account that it was used for. */
export interface AcmeBindingTable {
  id: string;
  directory_id: string;
  label: string;
  sealed_secret: string;
  account_id: string | null;
  created_at: number;
  revoked_at: number | null;
}

/** Unique (directory_id, thumbprint), whatever the state. `jwk` is JSON, `contacts` a JSON array of `mailto:` URLs. */
export interface AcmeAccountTable {
  id: string;
  directory_id: string;
  thumbprint: string;
  jwk: string;
  contacts: string;
  state: 'valid' | 'deactivated' | 'revoked';
  binding_id: string | null;
  created_at: number;
}

/**
 * `identifiers` is a JSON array of `{type, value}`, sorted. A `valid` order has its certificate; `replaces_id` is the
 * certificate that it renews. An order past `expires_at` that is not valid counts as invalid.
 */
export interface AcmeOrderTable {
  id: string;
  account_id: string;
  identifiers: string;
  profile: string;
  not_after: number | null;
  state: 'pending' | 'ready' | 'valid' | 'invalid';
  error: string | null;
  replaces_id: string | null;
  certificate_id: string | null;
  expires_at: number;
  created_at: number;
}

/**
 * The proof of one identifier, or its attempt. All challenges share the token; `attempted` is the one that the client
 * chose. `error` is a JSON problem. An authorisation past `expires_at` counts for nothing.
 */
export interface AcmeAuthorizationTable {
  id: string;
  account_id: string;
  kind: 'dns' | 'ip';
  value: string;
  wildcard: number;
  state: 'pending' | 'valid' | 'invalid' | 'deactivated';
  token: string;
  challenges: string;
  attempted: string | null;
  error: string | null;
  validated_at: number | null;
  expires_at: number;
  created_at: number;
}

/** Which authorisations an order needs. Primary key (order_id, authorization_id). */
export interface AcmeOrderAuthorizationTable {
  order_id: string;
  authorization_id: string;
}
