/** Pictures of plugins' pages as everybody sees them, apart from those that are only staged. */
import type { Migration } from './migration.ts';

/** What was staged and deployed is what is shown. */
export const shownAssets: Migration = {
  name: '0034_shown_assets',
  statements: [
    `create table wordpress_shown_asset (
      project_id TEXT not null references project (id) on delete restrict,
      name TEXT not null check (length(name) > 0),
      media_type TEXT not null,
      sha256 TEXT not null check (length(sha256) = 64),
      size_bytes INTEGER not null check (size_bytes > 0),
      primary key (project_id, name)
    ) STRICT`,
    `insert into wordpress_shown_asset (project_id, name, media_type, sha256, size_bytes)
      select project_id, name, media_type, sha256, size_bytes from wordpress_asset
      where deployed_revision is not null and sha256 is not null`,
  ],
};
