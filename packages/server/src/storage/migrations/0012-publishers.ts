/** Trusted publishing: publishers, the tokens that were exchanged, and what was uploaded by them. */
import type { Migration } from './migration.ts';

/** Whose builds may upload, and which artifact came from which build. */
export const publishers: Migration = {
  name: '0012_publishers',
  statements: [
    `create table publisher (
      id TEXT primary key,
      organisation_id TEXT not null references organisation (id) on delete restrict,
      project_id TEXT not null references project (id) on delete restrict,
      platform TEXT not null check (platform in ('github', 'gitlab')),
      issuer TEXT not null,
      repository_id TEXT not null check (length(repository_id) > 0),
      repository TEXT not null check (length(repository) > 0),
      workflow TEXT not null check (length(workflow) > 0),
      ref TEXT not null check (length(ref) > 0),
      ref_kind TEXT not null check (ref_kind in ('exact', 'pattern')),
      environment TEXT,
      may_activate INTEGER not null check (may_activate in (0, 1)),
      created_by TEXT references person (id) on delete restrict,
      created_at INTEGER not null,
      removed_at INTEGER
    ) STRICT`,
    'create index publisher_project on publisher (project_id, id)',
    `create table publisher_grant (
      id TEXT primary key,
      publisher_id TEXT not null references publisher (id) on delete restrict,
      api_key_id TEXT not null unique references api_key (id) on delete restrict,
      claims TEXT not null,
      created_at INTEGER not null
    ) STRICT`,
    'create index publisher_grant_publisher on publisher_grant (publisher_id)',
    `create table publisher_token (
      digest TEXT primary key check (length(digest) = 64),
      expires_at INTEGER not null
    ) STRICT`,
    'create index publisher_token_expiry on publisher_token (expires_at)',
    `create table artifact_grant (
      artifact_id TEXT primary key references artifact (id) on delete restrict,
      grant_id TEXT not null references publisher_grant (id) on delete restrict
    ) STRICT`,
  ],
};
