/** The tables of `schema.ts`. What must never be, whoever writes, is a constraint here (docs/architecture.md, invariants). */
import type { Migration } from './migration.ts';

const accounts = [
  `create table organisation (
    id TEXT primary key,
    slug TEXT not null unique,
    name TEXT not null,
    host TEXT unique,
    created_at INTEGER not null
  ) STRICT`,
  `create table person (
    id TEXT primary key,
    email TEXT not null unique check (email = lower(email)),
    name TEXT not null,
    password_hash TEXT not null,
    created_at INTEGER not null,
    disabled_at INTEGER
  ) STRICT`,
  `create table membership (
    organisation_id TEXT not null references organisation (id) on delete restrict,
    person_id TEXT not null references person (id) on delete restrict,
    role TEXT not null check (role in ('admin', 'manager', 'viewer')),
    created_at INTEGER not null,
    primary key (organisation_id, person_id)
  ) STRICT`,
  'create index membership_person on membership (person_id)',
  `create table session (
    id TEXT primary key,
    person_id TEXT not null references person (id) on delete restrict,
    created_at INTEGER not null,
    expires_at INTEGER not null,
    revoked_at INTEGER
  ) STRICT`,
  'create index session_person on session (person_id, created_at)',
  'create index session_expiry on session (expires_at)',
  `create table api_key (
    id TEXT primary key,
    organisation_id TEXT not null references organisation (id) on delete restrict,
    name TEXT not null,
    hint TEXT not null,
    secret_hash TEXT not null unique check (length(secret_hash) = 64),
    scope TEXT not null,
    verbs TEXT not null,
    created_by TEXT references person (id) on delete restrict,
    created_at INTEGER not null,
    expires_at INTEGER,
    last_used_at INTEGER,
    revoked_at INTEGER
  ) STRICT`,
  'create index api_key_organisation on api_key (organisation_id, id)',
];

const vault = [
  `create table vault_state (
    id INTEGER not null primary key check (id = 1),
    salt TEXT not null,
    parameters TEXT not null,
    verifier TEXT not null,
    created_at INTEGER not null
  ) STRICT`,
  `create table vault_secret (
    name TEXT primary key,
    ciphertext TEXT not null,
    created_at INTEGER not null
  ) STRICT`,
];

// No foreign keys: the log outlives what it tells of.
const audit = [
  `create table audit_head (
    id INTEGER not null primary key check (id = 1),
    sequence INTEGER not null check (sequence >= 0),
    hash TEXT not null check (length(hash) = 64)
  ) STRICT`,
  `insert into audit_head (id, sequence, hash) values (1, 0, '${'0'.repeat(64)}')`,
  `create table audit_event (
    sequence INTEGER not null primary key check (sequence >= 1),
    at INTEGER not null,
    organisation_id TEXT,
    actor_kind TEXT not null check (actor_kind in ('person', 'api-key', 'system', 'anonymous')),
    actor_id TEXT,
    session_id TEXT,
    action TEXT not null,
    object_kind TEXT not null,
    object_id TEXT not null,
    outcome TEXT not null check (outcome in ('success', 'refused')),
    detail TEXT,
    previous_hash TEXT not null unique check (length(previous_hash) = 64),
    hash TEXT not null unique check (length(hash) = 64)
  ) STRICT`,
  'create index audit_event_organisation on audit_event (organisation_id, sequence)',
  'create index audit_event_action on audit_event (action, sequence)',
];

const queues = [
  `create table outbox (
    id TEXT primary key,
    organisation_id TEXT,
    topic TEXT not null,
    payload TEXT not null,
    created_at INTEGER not null,
    published_at INTEGER
  ) STRICT`,
  'create index outbox_waiting on outbox (id) where published_at is null',
  'create index outbox_published on outbox (published_at) where published_at is not null',
  `create table job (
    id TEXT primary key,
    organisation_id TEXT,
    kind TEXT not null,
    payload TEXT not null,
    dedupe_key TEXT,
    state TEXT not null check (state in ('waiting', 'running', 'done', 'failed')),
    run_at INTEGER not null,
    lease_until INTEGER,
    attempts INTEGER not null check (attempts >= 0),
    progress TEXT,
    last_error TEXT,
    created_at INTEGER not null,
    finished_at INTEGER,
    check ((state = 'running') = (lease_until is not null)),
    check ((state in ('done', 'failed')) = (finished_at is not null))
  ) STRICT`,
  "create index job_open on job (run_at, id) where state in ('waiting', 'running')",
  "create unique index job_dedupe on job (dedupe_key) where state in ('waiting', 'running')",
  'create index job_organisation on job (organisation_id, id)',
];

const trust = [
  `create table trust_root (
    organisation_id TEXT not null references organisation (id) on delete restrict,
    key_id TEXT not null check (length(key_id) = 64),
    pubkey_b64 TEXT not null check (length(pubkey_b64) = 44),
    threshold INTEGER not null check (threshold >= 1),
    pinned_at INTEGER not null,
    primary key (organisation_id, key_id)
  ) STRICT`,
  `create table trust_list (
    organisation_id TEXT not null references organisation (id) on delete restrict,
    version INTEGER not null check (version >= 1),
    digest TEXT not null check (length(digest) = 64),
    envelope TEXT not null,
    issued_at INTEGER not null,
    expires_at INTEGER not null,
    changes_roots INTEGER not null check (changes_roots in (0, 1)),
    imported_at INTEGER not null,
    primary key (organisation_id, version)
  ) STRICT`,
  `create table signing_key (
    key_id TEXT primary key check (length(key_id) = 64),
    organisation_id TEXT not null references organisation (id) on delete restrict,
    scope TEXT not null,
    label TEXT not null,
    pubkey_b64 TEXT not null unique check (length(pubkey_b64) = 44),
    sealed_seed TEXT not null,
    state TEXT not null check (state in ('created', 'active', 'retired', 'revoked')),
    created_at INTEGER not null,
    activated_at INTEGER,
    ended_at INTEGER,
    check (state <> 'active' or activated_at is not null),
    check ((state in ('retired', 'revoked')) = (ended_at is not null))
  ) STRICT`,
  "create unique index signing_key_active on signing_key (organisation_id, scope) where state = 'active'",
  'create index signing_key_organisation on signing_key (organisation_id, created_at)',
];

const projects = [
  `create table project (
    id TEXT primary key,
    organisation_id TEXT not null references organisation (id) on delete restrict,
    slug TEXT not null check (length(slug) between 3 and 50),
    kind TEXT not null check (kind in ('app', 'wordpress_plugin')),
    name TEXT not null,
    description TEXT not null,
    primary_locale TEXT not null,
    accepted_types TEXT not null,
    scan TEXT not null check (scan in ('required', 'off')),
    manifest_days INTEGER not null check (manifest_days >= 1),
    counter INTEGER not null check (counter >= 0),
    created_at INTEGER not null,
    deleted_at INTEGER,
    unique (organisation_id, slug),
    unique (id, organisation_id)
  ) STRICT`,
  `create table release (
    id TEXT primary key,
    project_id TEXT not null references project (id) on delete restrict,
    version TEXT not null,
    channel TEXT not null,
    state TEXT not null check (state in ('draft', 'active', 'superseded', 'withdrawn', 'quarantined')),
    changelog TEXT not null,
    min_version TEXT,
    reason TEXT,
    created_at INTEGER not null,
    activated_at INTEGER,
    deleted_at INTEGER,
    check (state <> 'active' or activated_at is not null),
    unique (project_id, version),
    unique (id, project_id)
  ) STRICT`,
  "create unique index release_active on release (project_id, channel) where state = 'active'",
  'create index release_project on release (project_id, created_at)',
  `create table artifact (
    id TEXT primary key,
    release_id TEXT not null references release (id) on delete restrict,
    name TEXT not null,
    platform TEXT not null,
    media_type TEXT not null,
    size_bytes INTEGER not null check (size_bytes >= 0),
    sha1 TEXT not null check (length(sha1) = 40),
    sha256 TEXT not null check (length(sha256) = 64),
    sha384 TEXT not null check (length(sha384) = 96),
    sha512 TEXT not null check (length(sha512) = 128),
    blake2b512 TEXT not null check (length(blake2b512) = 128),
    scan TEXT not null,
    created_at INTEGER not null,
    unique (release_id, name)
  ) STRICT`,
  'create index artifact_sha256 on artifact (sha256)',
];

// Keys over two columns hold a row to the organisation or project that its other half names.
const publishing = [
  `create table upload (
    id TEXT primary key,
    organisation_id TEXT not null references organisation (id) on delete restrict,
    project_id TEXT not null,
    version TEXT not null,
    channel TEXT not null,
    name TEXT not null,
    platform TEXT not null,
    size_bytes INTEGER not null check (size_bytes >= 0),
    state TEXT not null check (state in ('receiving', 'inspecting', 'accepted', 'refused')),
    stage TEXT,
    progress INTEGER not null check (progress between 0 and 1000),
    refusal TEXT,
    artifact_id TEXT references artifact (id) on delete restrict,
    actor TEXT not null,
    created_at INTEGER not null,
    updated_at INTEGER not null,
    foreign key (project_id, organisation_id) references project (id, organisation_id) on delete restrict,
    check ((state = 'accepted') = (artifact_id is not null)),
    check ((state = 'refused') = (refusal is not null))
  ) STRICT`,
  'create index upload_project on upload (project_id, created_at)',
  'create index upload_state on upload (state, updated_at)',
  'create index upload_artifact on upload (artifact_id)',
  `create table manifest (
    id TEXT primary key,
    project_id TEXT not null references project (id) on delete restrict,
    release_id TEXT not null,
    channel TEXT not null,
    counter INTEGER not null check (counter >= 1),
    state TEXT not null check (state in ('proposed', 'current', 'past', 'void')),
    document TEXT not null,
    envelope TEXT,
    expires_at INTEGER not null,
    created_at INTEGER not null,
    unique (project_id, counter),
    foreign key (release_id, project_id) references release (id, project_id) on delete restrict,
    check (state not in ('current', 'past') or envelope is not null)
  ) STRICT`,
  "create unique index manifest_current on manifest (project_id, channel) where state = 'current'",
  'create index manifest_release on manifest (release_id, counter)',
  'create index manifest_expiry on manifest (state, expires_at)',
  `create table approval (
    manifest_id TEXT not null references manifest (id) on delete restrict,
    key_id TEXT not null check (length(key_id) = 64),
    signature TEXT not null,
    created_at INTEGER not null,
    primary key (manifest_id, key_id)
  ) STRICT`,
  `create table download_count (
    project_id TEXT not null references project (id) on delete restrict,
    day TEXT not null check (length(day) = 10),
    version TEXT not null,
    platform TEXT not null,
    count INTEGER not null check (count >= 0),
    primary key (project_id, day, version, platform)
  ) STRICT`,
];

/** The first issue: accounts, vault, audit, trust, releases. */
export const foundation: Migration = {
  name: '0001_foundation',
  statements: [...accounts, ...vault, ...audit, ...queues, ...trust, ...projects, ...publishing],
};
