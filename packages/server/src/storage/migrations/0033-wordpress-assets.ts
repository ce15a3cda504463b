/** Pictures of plugins' pages, and their deploys, which are of no release. */
import type { Migration } from './migration.ts';

const columns = `id, organisation_id, project_id, release_id, lane, version, repository, state, stage, attempts, diff_digest, diff, revision, failure, actor, confirmed_by, created_at, updated_at, ended_at`;

/** A column cannot be made optional in place on SQLite. */
export const wordpressAssets: Migration = {
  name: '0033_wordpress_assets',
  statements: [
    `create table wordpress_asset (
      project_id TEXT not null references project (id) on delete restrict,
      name TEXT not null check (length(name) > 0),
      media_type TEXT,
      sha256 TEXT check (length(sha256) = 64),
      size_bytes INTEGER check (size_bytes > 0),
      width INTEGER,
      height INTEGER,
      staged_at INTEGER not null,
      deployed_revision INTEGER,
      primary key (project_id, name),
      check ((sha256 is null) = (media_type is null)),
      check ((sha256 is null) = (size_bytes is null))
    ) STRICT`,
    `create table wordpress_deploy_next (
      id TEXT primary key,
      organisation_id TEXT not null references organisation (id) on delete restrict,
      project_id TEXT not null references project (id) on delete restrict,
      release_id TEXT references release (id) on delete restrict,
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
      check ((release_id is null) = (lane = 'assets')),
      check ((diff_digest is null) = (diff is null)),
      check (state not in ('awaiting_confirmation', 'committing', 'deployed') or diff_digest is not null),
      check ((state = 'deployed') = (revision is not null)),
      check ((state = 'failed') = (failure is not null)),
      check ((state in ('deployed', 'failed', 'cancelled')) = (ended_at is not null))
    ) STRICT`,
    `insert into wordpress_deploy_next (${columns}) select ${columns} from wordpress_deploy order by id`,
    'drop table wordpress_deploy',
    'alter table wordpress_deploy_next rename to wordpress_deploy',
    `create unique index wordpress_deploy_in_flight on wordpress_deploy (project_id, lane)
      where state in ('requested', 'preparing', 'awaiting_confirmation', 'committing')`,
    'create index wordpress_deploy_project on wordpress_deploy (project_id, id)',
  ],
};
