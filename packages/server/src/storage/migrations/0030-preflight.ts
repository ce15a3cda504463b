/** What is found in WordPress plugins before they are deployed. */
import type { Migration } from './migration.ts';

/** Settings of projects, and runs of the pre-flight: one open for each release. */
export const preflight: Migration = {
  name: '0030_preflight',
  statements: [
    `create table wordpress_preflight_settings (
      project_id TEXT primary key references project (id) on delete restrict,
      php_version TEXT,
      gates TEXT not null,
      changed_at INTEGER not null
    ) STRICT`,
    `create table wordpress_preflight (
      id TEXT primary key,
      organisation_id TEXT not null references organisation (id) on delete restrict,
      project_id TEXT not null references project (id) on delete restrict,
      release_id TEXT not null references release (id) on delete restrict,
      artifact_id TEXT not null references artifact (id) on delete restrict,
      state TEXT not null check (state in ('waiting', 'running', 'done', 'cancelled')),
      subject TEXT not null,
      tool TEXT,
      files_done INTEGER not null check (files_done >= 0),
      files_total INTEGER not null check (files_total >= 0),
      attempts INTEGER not null check (attempts >= 0),
      results TEXT not null,
      actor TEXT not null,
      created_at INTEGER not null,
      ended_at INTEGER,
      check ((state in ('done', 'cancelled')) = (ended_at is not null)),
      check ((state = 'running') or (tool is null))
    ) STRICT`,
    `create unique index wordpress_preflight_open on wordpress_preflight (release_id) where state in ('waiting', 'running')`,
    'create index wordpress_preflight_release on wordpress_preflight (release_id, id)',
  ],
};
