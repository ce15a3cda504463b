/** WordPress plugins: what their archives say, who may commit for them, and deploys to their repositories. */
import type { Migration } from './migration.ts';

/** What was read of plugins, credentials, and deploys: one in flight for each project and lane. */
export const wordpress: Migration = {
  name: '0022_wordpress',
  statements: [
    `create table wordpress_reading (
      artifact_id TEXT primary key references artifact (id) on delete restrict,
      reading TEXT not null,
      read_at INTEGER not null
    ) STRICT`,
    `create table wordpress_credential (
      project_id TEXT primary key references project (id) on delete restrict,
      repository TEXT not null check (length(repository) > 0),
      username TEXT not null check (length(username) > 0),
      sealed_password TEXT not null,
      vault_fingerprint TEXT not null,
      set_at INTEGER not null
    ) STRICT`,
    `create table wordpress_deploy (
      id TEXT primary key,
      organisation_id TEXT not null references organisation (id) on delete restrict,
      project_id TEXT not null references project (id) on delete restrict,
      release_id TEXT not null references release (id) on delete restrict,
      lane TEXT not null check (lane in ('code', 'assets')),
      version TEXT not null,
      artifact_sha256 TEXT not null,
      repository TEXT not null,
      state TEXT not null check (state in
        ('requested', 'preparing', 'awaiting_confirmation', 'committing', 'deployed', 'failed', 'cancelled')),
      stage TEXT check (stage in ('unpacking', 'fetching', 'comparing', 'sending')),
      attempts INTEGER not null check (attempts >= 0),
      diff_digest TEXT,
      diff TEXT,
      revision INTEGER,
      failure TEXT,
      actor TEXT not null,
      confirmed_by TEXT,
      created_at INTEGER not null,
      updated_at INTEGER not null,
      ended_at INTEGER,
      check ((diff_digest is null) = (diff is null)),
      check (state not in ('awaiting_confirmation', 'committing', 'deployed') or diff_digest is not null),
      check ((state = 'deployed') = (revision is not null)),
      check ((state = 'failed') = (failure is not null)),
      check ((state in ('deployed', 'failed', 'cancelled')) = (ended_at is not null))
    ) STRICT`,
    `create unique index wordpress_deploy_in_flight on wordpress_deploy (project_id, lane)
      where state in ('requested', 'preparing', 'awaiting_confirmation', 'committing')`,
    'create index wordpress_deploy_project on wordpress_deploy (project_id, id)',
  ],
};
