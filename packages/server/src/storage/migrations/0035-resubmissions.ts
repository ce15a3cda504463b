/** Versions that may be handed in again until they are published, and what becomes of the bytes of those before. */
import type { Migration } from './migration.ts';

const columns = `id, organisation_id, collection_id, module_id, author_id, api_key_id, version, state, facts, upload_id, size_bytes, release_id, artifact_id, failure, note, public_key, signature, created_at, updated_at`;

/** A check cannot be changed in place on SQLite. */
export const resubmissions: Migration = {
  name: '0035_resubmissions',
  statements: [
    `create table submission_next (
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
      sha256 TEXT check (length(sha256) = 64),
      file_name TEXT,
      failure TEXT,
      note TEXT,
      public_key TEXT,
      signature TEXT,
      created_at INTEGER not null,
      updated_at INTEGER not null,
      check ((public_key is null) = (signature is null)),
      check ((sha256 is null) = (file_name is null)),
      check (state not in ('submitted', 'approved') or (release_id is not null and artifact_id is not null)),
      foreign key (module_id, collection_id) references module (project_id, collection_id) on delete restrict,
      foreign key (author_id, collection_id) references module_author (id, collection_id) on delete restrict,
      foreign key (release_id, module_id) references release (id, project_id) on delete restrict
    ) STRICT`,
    `insert into submission_next (${columns}) select ${columns} from submission order by id`,
    `update submission_next set
      sha256 = (select artifact.sha256 from artifact where artifact.id = submission_next.artifact_id),
      file_name = (select artifact.name from artifact where artifact.id = submission_next.artifact_id)`,
    'drop table submission',
    'alter table submission_next rename to submission',
    // Of one version one is under way, or was approved.
    `create unique index submission_version on submission (module_id, version)
      where state in ('receiving', 'submitted', 'approved')`,
    'create index submission_collection on submission (collection_id, id)',
    'create index submission_author on submission (author_id, created_at)',
    'create index submission_release on submission (release_id)',
    `create table discarded_blob (
      sha256 TEXT primary key check (length(sha256) = 64),
      discarded_at INTEGER not null
    ) STRICT`,
    'create index discarded_blob_time on discarded_blob (discarded_at)',
  ],
};
