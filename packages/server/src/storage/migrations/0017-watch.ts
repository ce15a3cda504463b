/** The watch: sources, what was seen of them, what is accepted, and what differs. */
import { keepRows, type Migration } from './migration.ts';

const sources = [
  `create table watch_source (
    id TEXT primary key,
    organisation_id TEXT not null references organisation (id) on delete restrict,
    key TEXT not null check (length(key) between 1 and 1100),
    ecosystem TEXT not null check (ecosystem in ('oci', 'npm', 'signpost', 'feed', 'git')),
    mirror_of TEXT references watch_source (id) on delete restrict,
    declared_repository TEXT,
    is_development INTEGER not null check (is_development in (0, 1)),
    learning TEXT not null,
    author TEXT not null,
    created_at INTEGER not null,
    removed_at INTEGER
  ) STRICT`,
  'create unique index watch_source_key on watch_source (organisation_id, key) where removed_at is null',
  'create index watch_source_mirror on watch_source (mirror_of)',
  `create table watch_schedule (
    source_id TEXT primary key references watch_source (id) on delete restrict,
    due_at INTEGER not null,
    interval_ms INTEGER not null check (interval_ms > 0),
    validators TEXT,
    failures INTEGER not null check (failures >= 0),
    answered_at INTEGER,
    unknown_since INTEGER,
    unknown_reason TEXT
  ) STRICT`,
  'create index watch_schedule_due on watch_schedule (due_at)',
  `create table watch_line (
    number INTEGER not null primary key check (number >= 1),
    source_id TEXT not null references watch_source (id) on delete restrict,
    name TEXT not null check (length(name) between 1 and 256),
    created_at INTEGER not null,
    unique (source_id, name)
  ) STRICT`,
];

const observations = [
  `create table watch_artifact (
    number INTEGER not null primary key check (number >= 1),
    line INTEGER not null references watch_line (number) on delete restrict,
    content TEXT not null check (length(content) = 64),
    version TEXT,
    published_at INTEGER,
    first_seen_at INTEGER not null,
    last_sequence INTEGER not null,
    facts INTEGER not null,
    was_signed INTEGER not null check (was_signed in (0, 1)),
    in_use INTEGER not null check (in_use in (0, 1)),
    quarantined_at INTEGER
  ) STRICT`,
  "create unique index watch_artifact_content on watch_artifact (line, content, coalesce(version, ''))",
  'create index watch_artifact_version on watch_artifact (line, version) where version is not null',
  'create index watch_artifact_digest on watch_artifact (content)',
  `create table watch_facts (
    number INTEGER not null primary key check (number >= 1),
    hash TEXT not null unique check (length(hash) = 64),
    document TEXT not null
  ) STRICT`,
  `create table watch_chain (
    organisation_id TEXT primary key references organisation (id) on delete restrict,
    number INTEGER not null unique check (number >= 1),
    observations INTEGER not null check (observations >= 0),
    last_at INTEGER not null,
    hash TEXT not null,
    sealed_hash TEXT
  ) STRICT`,
  `create table watch_observation (
    sequence INTEGER not null primary key check (sequence >= 1),
    chain INTEGER not null,
    artifact INTEGER not null,
    facts INTEGER not null,
    seen_at INTEGER not null,
    hash TEXT not null
  ) STRICT`,
  'create index watch_observation_artifact on watch_observation (artifact, sequence)',
  ...keepRows('watch_observation'),
  `create table watch_tag (
    source_id TEXT not null references watch_source (id) on delete restrict,
    name TEXT not null,
    number INTEGER not null check (number >= 1),
    content TEXT not null check (length(content) = 64),
    sequence INTEGER not null,
    seen_at INTEGER not null,
    primary key (source_id, name, number)
  ) STRICT`,
  ...keepRows('watch_tag'),
];

const baselines = [
  `create table watch_signer (
    number INTEGER not null primary key check (number >= 1),
    kind TEXT not null check (kind in ('identity', 'key')),
    hash TEXT not null unique check (length(hash) = 64),
    document TEXT not null
  ) STRICT`,
  `create table watch_signer_use (
    line INTEGER not null references watch_line (number) on delete restrict,
    signer INTEGER not null references watch_signer (number) on delete restrict,
    first_at INTEGER not null,
    last_at INTEGER not null,
    artifacts INTEGER not null check (artifacts >= 1),
    primary key (line, signer)
  ) STRICT`,
  `create table watch_decision (
    id TEXT primary key,
    line INTEGER not null references watch_line (number) on delete restrict,
    number INTEGER not null check (number >= 1),
    after_sequence INTEGER not null,
    kind TEXT not null check (kind in ('accept', 'retire', 'revoke', 'reject', 'declare', 'widen', 'excuse')),
    document TEXT not null,
    finding_id TEXT,
    reason TEXT not null check (length(reason) > 0),
    actor TEXT not null,
    created_at INTEGER not null,
    unique (line, number)
  ) STRICT`,
  ...keepRows('watch_decision'),
  `create table watch_revision (
    id TEXT primary key,
    line INTEGER not null references watch_line (number) on delete restrict,
    version INTEGER not null check (version >= 1),
    state TEXT not null check (state in ('cold', 'learning', 'established', 'declared')),
    document TEXT not null,
    cause TEXT not null check (cause in ('learned', 'renamed', 'announced', 'decided')),
    after_sequence INTEGER not null,
    decision_id TEXT references watch_decision (id) on delete restrict,
    actor TEXT not null,
    created_at INTEGER not null,
    unique (line, version)
  ) STRICT`,
  ...keepRows('watch_revision'),
  `create table watch_announcement (
    id TEXT primary key,
    source_id TEXT not null references watch_source (id) on delete restrict,
    signers TEXT not null,
    valid_from INTEGER not null,
    valid_to INTEGER not null check (valid_to > valid_from),
    reason TEXT not null check (length(reason) > 0),
    actor TEXT not null,
    created_at INTEGER not null,
    ended_at INTEGER
  ) STRICT`,
  'create index watch_announcement_source on watch_announcement (source_id, valid_to)',
];

const findings = [
  `create table watch_finding (
    id TEXT primary key,
    organisation_id TEXT not null references organisation (id) on delete restrict,
    fingerprint TEXT not null check (length(fingerprint) = 64),
    kind TEXT not null,
    source_id TEXT references watch_source (id) on delete restrict,
    line INTEGER references watch_line (number) on delete restrict,
    severity TEXT not null check (severity in ('note', 'low', 'medium', 'high', 'critical')),
    gate TEXT not null check (gate in ('allow', 'warn', 'deny', 'hold')),
    state TEXT not null
      check (state in ('open', 'acknowledged', 'accepted', 'rejected', 'benign', 'resolved', 'collapsed')),
    document TEXT not null,
    good_artifacts INTEGER not null check (good_artifacts >= 0),
    sightings INTEGER not null check (sightings >= 1),
    opened_at INTEGER not null,
    last_seen_at INTEGER not null,
    expires_at INTEGER,
    proposal TEXT,
    unique (organisation_id, fingerprint)
  ) STRICT`,
  'create index watch_finding_state on watch_finding (organisation_id, state, id)',
  'create index watch_finding_line on watch_finding (line, state)',
  "create index watch_finding_expiry on watch_finding (expires_at) where state = 'accepted'",
  `create table watch_finding_artifact (
    finding_id TEXT not null references watch_finding (id) on delete restrict,
    artifact INTEGER not null references watch_artifact (number) on delete restrict,
    primary key (finding_id, artifact)
  ) STRICT`,
  'create index watch_finding_artifact_artifact on watch_finding_artifact (artifact)',
  `create table watch_finding_event (
    finding_id TEXT not null references watch_finding (id) on delete restrict,
    number INTEGER not null check (number >= 1),
    act TEXT not null check (act in ('opened', 'escalated', 'acknowledged', 'proposed', 'accepted', 'rejected', 'benign',
      'resolved', 'collapsed', 'expired', 'reopened')),
    actor TEXT not null,
    note TEXT not null,
    created_at INTEGER not null,
    primary key (finding_id, number)
  ) STRICT`,
  ...keepRows('watch_finding_event'),
  `create table watch_policy (
    id TEXT primary key,
    organisation_id TEXT not null references organisation (id) on delete restrict,
    selector TEXT not null check (length(selector) > 0),
    version INTEGER not null check (version >= 1),
    document TEXT,
    author TEXT not null,
    created_at INTEGER not null,
    unique (organisation_id, selector, version)
  ) STRICT`,
  ...keepRows('watch_policy'),
];

/** Observations, decisions and revisions are only ever added: what was seen and decided can be told again from the beginning. */
export const watch: Migration = {
  name: '0017_watch',
  statements: [...sources, ...observations, ...baselines, ...findings],
};
