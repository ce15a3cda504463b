/** Access by client certificate, and the audit log's word for who comes by it. */
import type { Migration } from './migration.ts';

const rules = [
  `create table client_access (
    id TEXT primary key,
    organisation_id TEXT not null references organisation (id) on delete restrict,
    name TEXT not null,
    authority_id TEXT not null,
    match_kind TEXT not null check (match_kind in ('fingerprint', 'name', 'subject')),
    match_value TEXT not null,
    scope TEXT not null,
    verbs TEXT not null,
    created_by TEXT references person (id) on delete restrict,
    created_at INTEGER not null,
    expires_at INTEGER,
    last_used_at INTEGER,
    revoked_at INTEGER,
    foreign key (authority_id, organisation_id) references authority (id, organisation_id) on delete restrict
  ) STRICT`,
  `create unique index client_access_match on client_access (authority_id, match_kind, match_value)
    where revoked_at is null`,
  'create index client_access_organisation on client_access (organisation_id, id)',
];

const columns = `sequence, at, organisation_id, actor_kind, actor_id, session_id, action, object_kind, object_id, outcome,
  detail, previous_hash, hash`;

// A check cannot be widened in place on SQLite.
const audit = [
  `create table audit_event_next (
    sequence INTEGER not null primary key check (sequence >= 1),
    at INTEGER not null,
    organisation_id TEXT,
    actor_kind TEXT not null
      check (actor_kind in ('person', 'api-key', 'client-certificate', 'system', 'anonymous')),
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
  `insert into audit_event_next (${columns}) select ${columns} from audit_event order by sequence`,
  'drop table audit_event',
  'alter table audit_event_next rename to audit_event',
  'create index audit_event_organisation on audit_event (organisation_id, sequence)',
  'create index audit_event_action on audit_event (action, sequence)',
];

/** Who may come with which certificate, and that they did. */
export const access: Migration = { name: '0007_access', statements: [...rules, ...audit] };
