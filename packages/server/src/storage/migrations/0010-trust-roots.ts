/** Roots that evidence is judged by, and what is kept of the repositories that they come from. */
import type { Migration } from './migration.ts';

/** A root has a repository and a pinned root.json, or neither; a document and its digest, or neither. */
export const trustRoots: Migration = {
  name: '0010_trust_roots',
  statements: [
    `create table evidence_root (
      id TEXT primary key,
      organisation_id TEXT not null references organisation (id) on delete restrict,
      name TEXT not null check (length(name) between 1 and 63),
      source TEXT not null check (source in ('tuf', 'file')),
      metadata_url TEXT,
      targets_url TEXT,
      target TEXT,
      pinned_root TEXT,
      document TEXT,
      digest TEXT check (length(digest) = 64),
      accepted_at INTEGER,
      root_version INTEGER check (root_version >= 1),
      expires_at INTEGER,
      root_expires_at INTEGER,
      authorities_end_at INTEGER,
      checked_at INTEGER,
      next_check_at INTEGER,
      failures INTEGER not null check (failures >= 0),
      failure_code TEXT,
      failure TEXT,
      since INTEGER not null,
      created_at INTEGER not null,
      unique (organisation_id, name),
      check ((source = 'tuf') = (metadata_url is not null)),
      check ((source = 'tuf') = (target is not null)),
      check ((source = 'tuf') = (pinned_root is not null)),
      check ((source = 'tuf') = (next_check_at is not null)),
      check (source = 'tuf' or document is not null),
      check ((document is null) = (digest is null)),
      check ((document is null) = (accepted_at is null)),
      check ((failures = 0) = (failure_code is null)),
      check ((failure_code is null) = (failure is null))
    ) STRICT`,
    "create index evidence_root_due on evidence_root (next_check_at) where source = 'tuf'",
    `create table evidence_root_metadata (
      root_id TEXT not null references evidence_root (id) on delete cascade,
      role TEXT not null,
      bytes TEXT not null,
      primary key (root_id, role)
    ) STRICT`,
  ],
};
