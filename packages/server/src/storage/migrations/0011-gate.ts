/** The release gate: policies, overrides, evidence documents, verdicts. */
import type { Migration } from './migration.ts';

const policies = [
  `create table release_policy (
    project_id TEXT not null references project (id) on delete restrict,
    version INTEGER not null check (version >= 1),
    text TEXT,
    sha256 TEXT check (length(sha256) = 64),
    author TEXT not null,
    created_at INTEGER not null,
    primary key (project_id, version),
    check ((text is null) = (sha256 is null))
  ) STRICT`,
  `create table policy_override (
    id TEXT primary key,
    release_id TEXT not null references release (id) on delete restrict,
    rules TEXT not null,
    reason TEXT not null check (length(reason) > 0),
    author TEXT not null,
    created_at INTEGER not null,
    expires_at INTEGER not null check (expires_at > created_at),
    ended_at INTEGER
  ) STRICT`,
  'create index policy_override_release on policy_override (release_id, id)',
];

const evidence = [
  `create table evidence_document (
    id TEXT primary key,
    artifact_id TEXT not null references artifact (id) on delete restrict,
    kind TEXT not null check (kind in ('bundle', 'attestations', 'release', 'provenance', 'verification-summary')),
    origin TEXT not null check (origin in ('attached', 'issued')),
    name TEXT not null,
    sha256 TEXT not null check (length(sha256) = 64),
    size_bytes INTEGER not null check (size_bytes > 0),
    content TEXT not null,
    author TEXT not null,
    created_at INTEGER not null,
    unique (artifact_id, sha256)
  ) STRICT`,
  `create table release_verdict (
    id TEXT primary key,
    release_id TEXT not null references release (id) on delete restrict,
    policy_version INTEGER not null,
    moment TEXT not null check (moment in ('evidence', 'activation')),
    result TEXT not null check (result in ('passed', 'waived', 'denied')),
    mode TEXT not null check (mode in ('enforce', 'observe')),
    findings TEXT not null,
    created_at INTEGER not null
  ) STRICT`,
  'create index release_verdict_release on release_verdict (release_id, id)',
];

/** What a project demands of its releases, and what was shown for them. */
export const gate: Migration = { name: '0011_gate', statements: [...policies, ...evidence] };
