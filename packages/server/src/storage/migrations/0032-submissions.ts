/** Authors of modules, what they own, and what they hand in. */
import type { Migration } from './migration.ts';

/** Authors with their keys, whose a module is, and submissions from upload to decision. */
export const submissions: Migration = {
  name: '0032_submissions',
  statements: [
    `create table module_author (
      id TEXT primary key,
      organisation_id TEXT not null,
      collection_id TEXT not null,
      name TEXT not null,
      created_at INTEGER not null,
      unique (id, collection_id),
      foreign key (collection_id, organisation_id) references project (id, organisation_id) on delete restrict
    ) STRICT`,
    'create index module_author_collection on module_author (collection_id, id)',
    `create table module_author_key (
      api_key_id TEXT primary key references api_key (id) on delete restrict,
      author_id TEXT not null references module_author (id) on delete restrict
    ) STRICT`,
    'create index module_author_key_author on module_author_key (author_id, api_key_id)',
    `create table module_ownership (
      module_id TEXT primary key,
      collection_id TEXT not null,
      author_id TEXT not null,
      public_key TEXT,
      approved_at INTEGER,
      foreign key (module_id, collection_id) references module (project_id, collection_id) on delete restrict,
      foreign key (author_id, collection_id) references module_author (id, collection_id) on delete restrict
    ) STRICT`,
    'create index module_ownership_author on module_ownership (author_id, module_id)',
    `create table submission (
      id TEXT primary key,
      organisation_id TEXT not null,
      collection_id TEXT not null,
      module_id TEXT not null,
      author_id TEXT not null,
      api_key_id TEXT not null references api_key (id) on delete restrict,
      version TEXT not null,
      state TEXT not null check (state in ('receiving', 'submitted', 'failed', 'lapsed', 'withdrawn', 'refused', 'approved')),
      facts TEXT,
      upload_id TEXT not null unique,
      size_bytes INTEGER not null check (size_bytes >= 1),
      release_id TEXT,
      artifact_id TEXT,
      failure TEXT,
      note TEXT,
      public_key TEXT,
      signature TEXT,
      created_at INTEGER not null,
      updated_at INTEGER not null,
      check ((public_key is null) = (signature is null)),
      check (state not in ('submitted', 'refused', 'approved') or (release_id is not null and artifact_id is not null)),
      foreign key (module_id, collection_id) references module (project_id, collection_id) on delete restrict,
      foreign key (author_id, collection_id) references module_author (id, collection_id) on delete restrict,
      foreign key (release_id, module_id) references release (id, project_id) on delete restrict
    ) STRICT`,
    // A version is handed in once, unless nothing came of it.
    `create unique index submission_version on submission (module_id, version)
      where state in ('receiving', 'submitted', 'refused', 'approved')`,
    'create index submission_collection on submission (collection_id, id)',
    'create index submission_author on submission (author_id, created_at)',
    'create index submission_release on submission (release_id)',
  ],
};
