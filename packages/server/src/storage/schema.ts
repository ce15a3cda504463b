/**
 * The tables, one schema for both engines in their portable subset: text ids (UUIDv7), times as Unix milliseconds,
 * JSON as text, booleans as 0 or 1. The migrations beside this file create them.
 */

import type { ClientAccessTable } from './tables/access.ts';
import type { ApiKeyTable, MembershipTable, OrganisationTable, PersonTable, SessionTable } from './tables/accounts.ts';
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
import type { FactorSchema } from './tables/factors.ts';
import type {
  EvidenceDocumentTable,
  PolicyOverrideTable,
  ReleasePolicyTable,
  ReleaseVerdictTable,
} from './tables/gate.ts';
import type { LogSchema } from './tables/log.ts';
import type { CatalogueEntryTable, CatalogueTable, ModuleIconTable, ModuleTable } from './tables/modules.ts';
import type { NotificationSchema } from './tables/notifications.ts';
import type { AuthorityTable, CertificateProfileTable, CertificateTable, NamePolicyTable } from './tables/pki.ts';
import type {
  AuditEventTable,
  AuditHeadTable,
  JobTable,
  OutboxTable,
  VaultSecretTable,
  VaultStateTable,
} from './tables/platform.ts';
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
import type {
  ApprovalTable,
  ArtifactTable,
  DiscardedBlobTable,
  DownloadCountTable,
  ManifestTable,
  ProjectTable,
  ReleaseTable,
  UploadTable,
} from './tables/releases.ts';
import type { OcspResponderTable, RevocationListTable, RevocationStateTable } from './tables/revocation.ts';
import type { SubmissionSchema } from './tables/submissions.ts';
import type { TimestampAuthorityTable } from './tables/timestamps.ts';
import type { SigningKeyTable, TrustListTable, TrustRootTable } from './tables/trust.ts';
import type { EvidenceRootMetadataTable, EvidenceRootTable } from './tables/trust-roots.ts';
import type { WatchSchema } from './tables/watch.ts';
import type { WebhookDeliveryTable, WebhookEndpointTable, WebhookKeyTable } from './tables/webhooks.ts';
import type {
  WordpressAssetTable,
  WordpressCredentialTable,
  WordpressDeployTable,
  WordpressPreflightSettingsTable,
  WordpressPreflightTable,
  WordpressReadingTable,
  WordpressShownAssetTable,
  WordpressSignatureTable,
} from './tables/wordpress.ts';

/** All tables by name. */
export interface Schema extends WatchSchema, NotificationSchema, FactorSchema, SubmissionSchema, LogSchema {
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
  discarded_blob: DiscardedBlobTable;
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
  wordpress_signature: WordpressSignatureTable;
  wordpress_asset: WordpressAssetTable;
  wordpress_shown_asset: WordpressShownAssetTable;
  wordpress_credential: WordpressCredentialTable;
  wordpress_deploy: WordpressDeployTable;
  wordpress_preflight_settings: WordpressPreflightSettingsTable;
  wordpress_preflight: WordpressPreflightTable;
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
  module_icon: ModuleIconTable;
  catalogue: CatalogueTable;
  catalogue_entry: CatalogueEntryTable;
}
