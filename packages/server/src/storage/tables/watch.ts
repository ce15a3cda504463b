/** Tables of the watch. Those that say so are append-only, which the database itself enforces. */

/** The tables of the watch by name. */
export interface WatchSchema {
  watch_source: WatchSourceTable;
  watch_schedule: WatchScheduleTable;
  watch_request: WatchRequestTable;
  watch_unread: WatchUnreadTable;
  watch_line: WatchLineTable;
  watch_artifact: WatchArtifactTable;
  watch_facts: WatchFactsTable;
  watch_chain: WatchChainTable;
  watch_observation: WatchObservationTable;
  watch_tag: WatchTagTable;
  watch_signer: WatchSignerTable;
  watch_signer_use: WatchSignerUseTable;
  watch_decision: WatchDecisionTable;
  watch_revision: WatchRevisionTable;
  watch_announcement: WatchAnnouncementTable;
  watch_publisher_key: WatchPublisherKeyTable;
  watch_finding: WatchFindingTable;
  watch_finding_artifact: WatchFindingArtifactTable;
  watch_finding_event: WatchFindingEventTable;
  watch_policy: WatchPolicyTable;
  watch_cluster: WatchClusterTable;
  watch_running: WatchRunningTable;
}

/** Something that is watched. One key of an organisation stands once among those that are not removed. `mirror_of`: its baseline is that one's. `learning` is JSON. */
export interface WatchSourceTable {
  id: string;
  organisation_id: string;
  key: string;
  ecosystem: 'oci' | 'npm' | 'signpost' | 'feed' | 'git';
  mirror_of: string | null;
  declared_repository: string | null;
  is_development: 0 | 1;
  learning: string;
  author: string;
  created_at: number;
  removed_at: number | null;
}

/**
 * When a source is looked at next. `validators` is text of the reader; `unknown_since`: it has not answered since then. Whoever looks holds it by
 * the number `lease` until `lease_until`. `looked_at` is when the last look began, `listed_at` when it was last listed whole; `skipped` names were
 * passed over before where the next look goes on, `unread` could not be observed; `in_use_at`: a gate asked for it last.
 */
export interface WatchScheduleTable {
  source_id: string;
  due_at: number;
  interval_ms: number;
  validators: string | null;
  failures: number;
  answered_at: number | null;
  unknown_since: number | null;
  unknown_reason: string | null;
  host: string;
  lease: number;
  lease_until: number | null;
  looked_at: number | null;
  listed_at: number | null;
  skipped: number;
  unread: number;
  in_use_at: number | null;
}

/** What somebody asked to be looked at. Primary key (source_id, label, content), each `''` where it was not said. */
interface WatchRequestTable {
  source_id: string;
  label: string;
  content: string;
  requested_at: number;
}

/** A name that cannot be read while others of its source can, since when, and why. Primary key (source_id, name). */
export interface WatchUnreadTable {
  source_id: string;
  name: string;
  since: number;
  reason: string;
}

/** A stretch of a source that is judged together. Unique (source_id, name). */
interface WatchLineTable {
  number: number;
  source_id: string;
  name: string;
  created_at: number;
}

/** Something immutable: content under a version, or without one. `facts` are the last ones, of the observation `last_sequence`. */
export interface WatchArtifactTable {
  number: number;
  line: number;
  content: string;
  version: string | null;
  published_at: number | null;
  first_seen_at: number;
  last_sequence: number;
  facts: number;
  was_signed: 0 | 1;
  in_use: 0 | 1;
  quarantined_at: number | null;
}

/** A fact set, once, by the hash of its one form. */
interface WatchFactsTable {
  number: number;
  hash: string;
  document: string;
}

/** The end of an organisation's chain of observations. `sealed_hash` is the last end that the audit log has; `last_at` never goes back. */
export interface WatchChainTable {
  organisation_id: string;
  number: number;
  observations: number;
  last_at: number;
  hash: string;
  sealed_hash: string | null;
}

/** A sighting, never changed: `hash` covers it and the one before it in the chain (base64url SHA-256). */
export interface WatchObservationTable {
  sequence: number;
  chain: number;
  artifact: number;
  facts: number;
  seen_at: number;
  hash: string;
}

/** Where a tag led from a sighting on, numbered from 1; the highest number is where it leads now. Never changed. */
interface WatchTagTable {
  source_id: string;
  name: string;
  number: number;
  content: string;
  sequence: number;
  seen_at: number;
}

/** An identity or a key, once; `hash` is that of its document. */
interface WatchSignerTable {
  number: number;
  kind: 'identity' | 'key';
  hash: string;
  document: string;
}

/** Who signs a line, since when, until when, how many artifacts. Derived from the observations. */
interface WatchSignerUseTable {
  line: number;
  signer: number;
  first_at: number;
  last_at: number;
  artifacts: number;
}

/** What somebody decided about a line after the observation `after_sequence`. Never changed; `document` is JSON by its kind. */
export interface WatchDecisionTable {
  id: string;
  line: number;
  number: number;
  after_sequence: number;
  kind: 'accept' | 'retire' | 'revoke' | 'reject' | 'declare' | 'widen' | 'excuse';
  document: string;
  finding_id: string | null;
  reason: string;
  actor: string;
  created_at: number;
}

/** What was accepted of a line from `after_sequence` on, and why. Never changed; the highest version is in force. Derived from observations and decisions. */
export interface WatchRevisionTable {
  id: string;
  line: number;
  version: number;
  state: 'cold' | 'learning' | 'established' | 'declared';
  document: string;
  cause: 'learned' | 'renamed' | 'announced' | 'vouched' | 'decided';
  after_sequence: number;
  decision_id: string | null;
  actor: string;
  created_at: number;
}

/** Signers who are expected between two times. `signers` is JSON. */
export interface WatchAnnouncementTable {
  id: string;
  source_id: string;
  signers: string;
  valid_from: number;
  valid_to: number;
  reason: string;
  actor: string;
  created_at: number;
  ended_at: number | null;
}

/** A key that somebody named for a source. `key`: SHA-256 of its SubjectPublicKeyInfo; `name`: what its owner calls it; `document`: the file in base64. */
export interface WatchPublisherKeyTable {
  id: string;
  source_id: string;
  kind: 'openpgp' | 'minisign' | 'ed25519';
  key: string;
  name: string;
  document: string;
  reason: string;
  actor: string;
  created_at: number;
  removed_at: number | null;
}

/** A difference, once for each fingerprint in an organisation. `document` is JSON of what was found last; `proposal` the decision that waits for a second person. */
export interface WatchFindingTable {
  id: string;
  organisation_id: string;
  fingerprint: string;
  kind: string;
  source_id: string | null;
  line: number | null;
  severity: 'note' | 'low' | 'medium' | 'high' | 'critical';
  gate: 'allow' | 'warn' | 'deny' | 'hold';
  state: 'open' | 'acknowledged' | 'accepted' | 'rejected' | 'benign' | 'resolved' | 'collapsed';
  document: string;
  good_artifacts: number;
  sightings: number;
  opened_at: number;
  last_seen_at: number;
  expires_at: number | null;
  proposal: string | null;
}

/** Which artifacts show a finding. Primary key (finding_id, artifact). */
interface WatchFindingArtifactTable {
  finding_id: string;
  artifact: number;
}

type FindingAct =
  | 'opened'
  | 'escalated'
  | 'acknowledged'
  | 'proposed'
  | 'accepted'
  | 'rejected'
  | 'benign'
  | 'resolved'
  | 'collapsed'
  | 'expired'
  | 'reopened';

/** What became of a finding, numbered from 1. `note` is JSON, since strangers wrote of what it tells. Never changed. */
export interface WatchFindingEventTable {
  finding_id: string;
  number: number;
  act: FindingAct;
  actor: string;
  note: string;
  created_at: number;
}

/** Rules for sources that a selector matches, by version; null: none from here on. Never changed. */
interface WatchPolicyTable {
  id: string;
  organisation_id: string;
  selector: string;
  version: number;
  document: string | null;
  author: string;
  created_at: number;
}

/**
 * A cluster whose pods are watched. `server` is the base URL of its API, `ca` PEM, `sealed_credential` opens in the vault for `watch-cluster`,
 * `watch_cluster/{id}`; an `in-cluster` one has none of them. Whoever follows it holds it by the number `lease` until `lease_until`.
 */
export interface WatchClusterTable {
  id: string;
  organisation_id: string;
  name: string;
  kind: 'kubeconfig' | 'in-cluster';
  server: string | null;
  ca: string | null;
  sealed_credential: string | null;
  environment: string | null;
  author: string;
  created_at: number;
  removed_at: number | null;
  due_at: number;
  lease: number;
  lease_until: number | null;
  failures: number;
  answered_at: number | null;
  unknown_since: number | null;
  unknown_reason: string | null;
}

/**
 * What runs, or ran until `ended_at`: containers of one workload under one reference and digest are one row. `digest` is `''` where `state` is not
 * `known`. `asked_at`: a look at it was asked for last.
 */
export interface WatchRunningTable {
  id: string;
  cluster_id: string;
  namespace: string;
  workload: string;
  container: string;
  reference: string;
  digest: string;
  state: 'known' | 'waiting' | 'image-id' | 'untold';
  source_id: string | null;
  first_seen_at: number;
  last_seen_at: number;
  ended_at: number | null;
  asked_at: number | null;
}
