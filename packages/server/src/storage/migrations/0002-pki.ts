/** Authorities and certificates. What must never be, whoever writes, is a constraint here. */
import type { Migration } from './migration.ts';

// A key has a home here (sealed), or lies elsewhere (offline); only a root asks for a passphrase besides.
const authorities = [
  `create table authority (
    id TEXT primary key,
    organisation_id TEXT not null references organisation (id) on delete restrict,
    name TEXT not null,
    kind TEXT not null check (kind in ('root', 'intermediate')),
    custody TEXT not null check (custody in ('dual', 'server', 'offline')),
    parent_id TEXT,
    successor_id TEXT,
    algorithm TEXT not null,
    subject TEXT not null,
    key_id TEXT not null check (length(key_id) = 64),
    public_key TEXT not null,
    sealed_key TEXT,
    dual_protection TEXT,
    request TEXT,
    state TEXT not null check (state in ('pending', 'active', 'retired', 'revoked')),
    created_at INTEGER not null,
    ended_at INTEGER,
    unique (organisation_id, name),
    unique (organisation_id, key_id),
    unique (id, organisation_id),
    foreign key (parent_id, organisation_id) references authority (id, organisation_id) on delete restrict,
    foreign key (successor_id, organisation_id) references authority (id, organisation_id) on delete restrict,
    check (successor_id <> id),
    check (state <> 'pending' or request is not null),
    check ((custody = 'offline') = (sealed_key is null)),
    check ((custody = 'dual') = (dual_protection is not null)),
    check (kind = 'intermediate' or parent_id is null),
    check ((state in ('retired', 'revoked')) = (ended_at is not null))
  ) STRICT`,
  'create index authority_parent on authority (parent_id, organisation_id)',
  'create index authority_successor on authority (successor_id, organisation_id)',
];

const certificates = [
  `create table certificate (
    id TEXT primary key,
    organisation_id TEXT not null references organisation (id) on delete restrict,
    issuer_id TEXT,
    subject_authority_id TEXT,
    profile TEXT not null,
    serial TEXT not null check (length(serial) between 1 and 40),
    subject TEXT not null,
    common_name TEXT not null,
    names TEXT not null,
    search TEXT not null,
    der TEXT not null,
    fingerprint TEXT not null check (length(fingerprint) = 64),
    key_id TEXT not null check (length(key_id) = 64),
    not_before INTEGER not null,
    not_after INTEGER not null check (not_after >= not_before),
    state TEXT not null check (state in ('valid', 'held', 'revoked')),
    reason TEXT,
    revoked_at INTEGER,
    invalid_from INTEGER,
    replaces_id TEXT references certificate (id) on delete restrict,
    source TEXT not null check (source in ('form', 'request', 'acme', 'import', 'system')),
    sealed_key TEXT,
    sealed_password TEXT,
    acme_account_id TEXT,
    notice_days INTEGER,
    created_by TEXT not null,
    created_at INTEGER not null,
    unique (issuer_id, serial),
    unique (organisation_id, id),
    foreign key (issuer_id, organisation_id) references authority (id, organisation_id) on delete restrict,
    foreign key (subject_authority_id, organisation_id) references authority (id, organisation_id) on delete restrict,
    check ((state = 'valid') = (revoked_at is null)),
    check ((state = 'valid') = (reason is null))
  ) STRICT`,
  // With all that a revocation list says: reading a hundred thousand rows for it took three times as long.
  `create index certificate_revoked on certificate
    (issuer_id, revoked_at, id, serial, reason, invalid_from, not_after, state) where state <> 'valid'`,
  'create index certificate_expiry on certificate (not_after)',
  'create index certificate_authority on certificate (subject_authority_id, not_after) where subject_authority_id is not null',
  // What we issued is known by its serial number. Each index by hash dirties a page for each certificate.
  'create unique index certificate_foreign on certificate (organisation_id, fingerprint) where issuer_id is null',
  "create index certificate_compromised on certificate (key_id) where reason = 'keyCompromise'",
  'create index certificate_replaces on certificate (replaces_id) where replaces_id is not null',
];

// What an organisation decided about names, and profiles of its own beside those that all have.
const rules = [
  `create table name_policy (
    organisation_id TEXT primary key references organisation (id) on delete cascade,
    document TEXT not null,
    changed_at INTEGER not null
  ) STRICT`,
  `create table certificate_profile (
    organisation_id TEXT not null references organisation (id) on delete cascade,
    name TEXT not null,
    document TEXT not null,
    created_at INTEGER not null,
    primary key (organisation_id, name)
  ) STRICT`,
];

/** Authorities with their keys, every certificate that they issued, and the rules of issuing. */
export const pki: Migration = { name: '0002_pki', statements: [...authorities, ...certificates, ...rules] };
