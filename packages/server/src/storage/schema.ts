/**
 * The tables, one schema for both engines in their portable subset: text ids (UUIDv7), times as Unix milliseconds,
 * JSON as text, booleans as 0 or 1. The migrations beside this file create them.
 */

import type { ClientAccessTable } from './tables/access.ts';
import type {
  AcmeAccountTable,
  AcmeAuthorizationTable,
  AcmeBindingTable,
  AcmeDirectoryTable,
  AcmeOrderAuthorizationTable,
  AcmeOrderTable,
} from './tables/acme.ts';
import type { BusEventTable } from './tables/bus.ts';
import type {
  SbomComponentTable,
  SbomTable,
  VexStatementTable,
  VexTable,
  VulnerabilityPackageTable,
  VulnerabilitySnapshotTable,
  VulnerabilityTable,
} from './tables/evidence.ts';
import type {
  EvidenceDocumentTable,
  PolicyOverrideTable,
  ReleasePolicyTable,
  ReleaseVerdictTable,
} from './tables/gate.ts';

import type { CatalogueEntryTable, CatalogueTable, ModuleTable } from './tables/modules.ts';
import type { NotificationSchema } from './tables/notifications.ts';
import type { AuthorityTable, CertificateProfileTable, CertificateTable, NamePolicyTable } from './tables/pki.ts';
import type {
  ArtifactGrantTable,
  PublisherGrantTable,
  PublisherTable,
  PublisherTokenTable,
} from './tables/publishers.ts';
import type {
  PushChannelTable,
  PushEventTable,
  PushFrameTable,
  PushKeyTable,
  PushLogTable,
  PushPublicationTable,
} from './tables/push.ts';
import type { OcspResponderTable, RevocationListTable, RevocationStateTable } from './tables/revocation.ts';
import type { TimestampAuthorityTable } from './tables/timestamps.ts';
import type { EvidenceRootMetadataTable, EvidenceRootTable } from './tables/trust-roots.ts';
import type { WatchSchema } from './tables/watch.ts';
import type { WebhookDeliveryTable, WebhookEndpointTable, WebhookKeyTable } from './tables/webhooks.ts';
import type { WordpressCredentialTable, WordpressDeployTable, WordpressReadingTable } from './tables/wordpress.ts';

/** All tables by name. */
export interface Schema extends WatchSchema, NotificationSchema {
  organisation: OrganisationTable;
  person: PersonTable;
  membership: MembershipTable;
  session: SessionTable;
  api_key: ApiKeyTable;
  vault_state: VaultStateTable;
  vault_secret: VaultSecretTable;
  audit_head: AuditHeadTable;
  audit_event: AuditEventTable;
  outbox: OutboxTable;
  job: JobTable;
  trust_root: TrustRootTable;
  trust_list: TrustListTable;
  signing_key: SigningKeyTable;
  project: ProjectTable;
  release: ReleaseTable;
  artifact: ArtifactTable;
  upload: UploadTable;
  manifest: ManifestTable;
  approval: ApprovalTable;
  download_count: DownloadCountTable;
  authority: AuthorityTable;
  certificate: CertificateTable;
  acme_directory: AcmeDirectoryTable;
  acme_binding: AcmeBindingTable;
  acme_account: AcmeAccountTable;
  acme_order: AcmeOrderTable;
  acme_authorization: AcmeAuthorizationTable;
  acme_order_authorization: AcmeOrderAuthorizationTable;
  name_policy: NamePolicyTable;
  certificate_profile: CertificateProfileTable;
  client_access: ClientAccessTable;
  timestamp_authority: TimestampAuthorityTable;
  revocation_state: RevocationStateTable;
  revocation_list: RevocationListTable;
  ocsp_responder: OcspResponderTable;
  sbom: SbomTable;
  sbom_component: SbomComponentTable;
  wordpress_reading: WordpressReadingTable;
  wordpress_credential: WordpressCredentialTable;
  wordpress_deploy: WordpressDeployTable;
  vulnerability_snapshot: VulnerabilitySnapshotTable;
  vulnerability: VulnerabilityTable;
  vulnerability_package: VulnerabilityPackageTable;
  vex: VexTable;
  vex_statement: VexStatementTable;
  evidence_root: EvidenceRootTable;
  evidence_root_metadata: EvidenceRootMetadataTable;
  publisher: PublisherTable;
  publisher_grant: PublisherGrantTable;
  publisher_token: PublisherTokenTable;
  artifact_grant: ArtifactGrantTable;
  release_policy: ReleasePolicyTable;
  policy_override: PolicyOverrideTable;
  evidence_document: EvidenceDocumentTable;
  release_verdict: ReleaseVerdictTable;
  webhook_endpoint: WebhookEndpointTable;
  webhook_key: WebhookKeyTable;
  webhook_delivery: WebhookDeliveryTable;
  push_key: PushKeyTable;
  push_log: PushLogTable;
  push_channel: PushChannelTable;
  push_frame: PushFrameTable;
  push_event: PushEventTable;
  push_publication: PushPublicationTable;
  bus_event: BusEventTable;
  module: ModuleTable;
  catalogue: CatalogueTable;
  catalogue_entry: CatalogueEntryTable;
}

/** `slug` is unique; the organisation `default` answers at the unprefixed paths. `host` is unique where set. */
export interface OrganisationTable {
  id: string;
  slug: string;
  name: string;
  host: string | null;
  created_at: number;
}

/** `email` is stored in lower case and unique; `password_hash` is a PHC string of Argon2id. */
export interface PersonTable {
  id: string;
  email: string;
  name: string;
  password_hash: string;
  created_at: number;
  disabled_at: number | null;
}

/** Primary key (organisation_id, person_id). */
export interface MembershipTable {
  organisation_id: string;
  person_id: string;
  role: 'admin' | 'manager' | 'viewer';
  created_at: number;
}

export interface SessionTable {
  id: string;
  person_id: string;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
}

/** `secret_hash` is the hex SHA-256 of the whole key, unique; `scope` as in the protocol's `Scope`; `verbs` a JSON array. */
export interface ApiKeyTable {
  id: string;
  organisation_id: string;
  name: string;
  hint: string;
  secret_hash: string;
  scope: string;
  verbs: string;
  created_by: string | null;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
  revoked_at: number | null;
}

/**
 * One row, id 1: salt and parameters of the password's key, the marker sealed under it, and the data key wrapped by it.
 * Without `wrapped_key`, in a vault of the first version, the password's key is the data key. `key_fingerprint` names the data
 * key and tells nothing about it.
 */
export interface VaultStateTable {
  id: number;
  salt: string;
  parameters: string;
  verifier: string;
  wrapped_key: string | null;
  key_fingerprint: string | null;
  created_at: number;
}

/** Secrets of the server itself, by name (such as `session-secret`); sealed. */
interface VaultSecretTable {
  name: string;
  ciphertext: string;
  created_at: number;
}

/** One row, id 1: the end of the hash chain. Updated first in every audited transaction, so that rows never fork. */
interface AuditHeadTable {
  id: number;
  sequence: number;
  hash: string;
}

/** Primary key `sequence`, without gaps. `detail` is canonical JSON or null. */
export interface AuditEventTable {
  sequence: number;
  at: number;
  organisation_id: string | null;
  actor_kind: 'person' | 'api-key' | 'client-certificate' | 'system' | 'anonymous';
  actor_id: string | null;
  session_id: string | null;
  action: string;
  object_kind: string;
  object_id: string;
  outcome: 'success' | 'refused';
  detail: string | null;
  previous_hash: string;
  hash: string;
}

/** Events of committed transactions, waiting for the bus. `id` is a UUIDv7, so that they are published in order. */
export interface OutboxTable {
  id: string;
  organisation_id: string | null;
  topic: string;
  payload: string;
  created_at: number;
  published_at: number | null;
}

/** `dedupe_key` is unique among jobs that are waiting or running. */
export interface JobTable {
  id: string;
  organisation_id: string | null;
  kind: string;
  payload: string;
  dedupe_key: string | null;
  state: 'waiting' | 'running' | 'done' | 'failed';
  run_at: number;
  lease_until: number | null;
  attempts: number;
  progress: string | null;
  last_error: string | null;
  created_at: number;
  finished_at: number | null;
}

/** The roots that an organisation pinned when its first list was imported. Primary key (organisation_id, key_id). */
export interface TrustRootTable {
  organisation_id: string;
  key_id: string;
  pubkey_b64: string;
  threshold: number;
  pinned_at: number;
}

/** Every list ever imported. Primary key (organisation_id, version). `envelope` is canonical JSON as served. */
export interface TrustListTable {
  organisation_id: string;
  version: number;
  digest: string;
  envelope: string;
  issued_at: number;
  expires_at: number;
  changes_roots: number;
  imported_at: number;
}

/** Server keys. At most one `active` per (organisation_id, scope): partial unique index. `sealed_seed` under the vault. */
export interface SigningKeyTable {
  key_id: string;
  organisation_id: string;
  scope: string;
  label: string;
  pubkey_b64: string;
  sealed_seed: string;
  state: 'created' | 'active' | 'retired' | 'revoked';
  created_at: number;
  activated_at: number | null;
  ended_at: number | null;
}

/**
 * Unique (organisation_id, slug). `name` and `description` are JSON locale maps. `accepted_types` is a JSON array of
 * `zip`, `tar.gz`, `any`. `counter` only grows.
 */
export interface ProjectTable {
  id: string;
  organisation_id: string;
  slug: string;
  kind: 'app' | 'wordpress_plugin' | 'module_collection' | 'module';
  name: string;
  description: string;
  primary_locale: string;
  accepted_types: string;
  scan: 'required' | 'off';
  manifest_days: number;
  counter: number;
  created_at: number;
  deleted_at: number | null;
}

/**
 * Unique (project_id, version). At most one `active` per (project_id, channel): partial unique index.
 * `changelog` is a JSON locale map of Markdown.
 */
export interface ReleaseTable {
  id: string;
  project_id: string;
  version: string;
  channel: string;
  state: 'draft' | 'active' | 'superseded' | 'withdrawn' | 'quarantined';
  changelog: string;
  min_version: string | null;
  reason: string | null;
  created_at: number;
  activated_at: number | null;
  deleted_at: number | null;
}

/** Unique (release_id, name). `sha256` names the blob. Digests in lower-case hex. `scan` is JSON `ScanResult`. */
export interface ArtifactTable {
  id: string;
  release_id: string;
  name: string;
  platform: string;
  media_type: string;
  size_bytes: number;
  sha1: string;
  sha256: string;
  sha384: string;
  sha512: string;
  blake2b512: string;
  scan: string;
  created_at: number;
}

/**
 * A file on its way in. `receiving` (bytes lie in `uploads/{id}.part`), `inspecting` (a job runs), then `accepted`
 * (artifact_id is set) or `refused` (refusal is JSON `{rule, message, hint}`; nothing was kept).
 */
export interface UploadTable {
  id: string;
  organisation_id: string;
  project_id: string;
  version: string;
  channel: string;
  name: string;
  platform: string;
  size_bytes: number;
  state: 'receiving' | 'inspecting' | 'accepted' | 'refused';
  stage: string | null;
  progress: number;
  refusal: string | null;
  artifact_id: string | null;
  actor: string;
  created_at: number;
  updated_at: number;
}

/**
 * Unique (project_id, counter). `proposed` waits for approvals; `current` is served, at most one per
 * (project_id, channel): partial unique index; `past` was served; `void` never was and never will be.
 * `document` is the canonical manifest object; `envelope` is set once it is signed.
 */
export interface ManifestTable {
  id: string;
  project_id: string;
  release_id: string;
  channel: string;
  counter: number;
  state: 'proposed' | 'current' | 'past' | 'void';
  document: string;
  envelope: string | null;
  expires_at: number;
  created_at: number;
}

/** Maintainers' signatures on a proposed manifest. Primary key (manifest_id, key_id). */
export interface ApprovalTable {
  manifest_id: string;
  key_id: string;
  signature: string;
  created_at: number;
}

/** Downloads without addresses or user agents. Primary key (project_id, day, version, platform); day as `2026-11-21`. */
export interface DownloadCountTable {
  project_id: string;
  day: string;
  version: string;
  platform: string;
  count: number;
}
