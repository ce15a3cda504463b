/** Collections of modules, and their signed catalogues. */
import type { Migration } from './migration.ts';

/** Two kinds of project, what a module has beside its project, and the catalogue that shows it. */
export const modules: Migration = {
  name: '0026_modules',
  statements: [
    // A check of one column cannot be changed, but goes with its column.
    `alter table project add column kind_of TEXT not null default 'app'
      check (kind_of in ('app', 'wordpress_plugin', 'module_collection', 'module'))`,
    'update project set kind_of = kind',
    'alter table project drop column kind',
    'alter table project rename column kind_of to kind',
    `create table module (
      project_id TEXT primary key,
      organisation_id TEXT not null,
      collection_id TEXT not null,
      category TEXT not null,
      requires_permissions TEXT not null,
      info_url TEXT,
      trust_level TEXT not null check (trust_level in ('official', 'verified', 'community')),
      pending INTEGER not null check (pending in (0, 1)),
      check (project_id <> collection_id),
      unique (project_id, collection_id),
      foreign key (project_id, organisation_id) references project (id, organisation_id) on delete restrict,
      foreign key (collection_id, organisation_id) references project (id, organisation_id) on delete restrict
    ) STRICT`,
    'create index module_collection on module (collection_id, project_id)',
    `create table catalogue (
      collection_id TEXT primary key references project (id) on delete restrict,
      version INTEGER not null check (version >= 0),
      head TEXT,
      key_id TEXT,
      signature TEXT,
      digest TEXT check (length(digest) = 64),
      size_bytes INTEGER not null check (size_bytes >= 0),
      issued_at INTEGER not null,
      expires_at INTEGER not null,
      trust_digest TEXT,
      base TEXT,
      behind_since INTEGER,
      check ((version = 0) = (head is null)),
      check ((head is null) = (signature is null) and (head is null) = (key_id is null) and (head is null) = (digest is null))
    ) STRICT`,
    `create table catalogue_entry (
      module_id TEXT primary key,
      collection_id TEXT not null,
      release_id TEXT not null,
      slug TEXT not null,
      document TEXT not null,
      key_ids TEXT not null,
      expires_at INTEGER not null,
      unique (collection_id, slug),
      foreign key (module_id, collection_id) references module (project_id, collection_id) on delete restrict,
      foreign key (release_id, module_id) references release (id, project_id) on delete restrict
    ) STRICT`,
    'create index catalogue_entry_release on catalogue_entry (release_id)',
  ],
};
