/** Icons of modules. */
import type { Migration } from './migration.ts';

/** The files of each icon, those of replaced ones too. */
export const icons: Migration = {
  name: '0028_icons',
  statements: [
    `create table module_icon (
      id TEXT primary key,
      module_id TEXT not null references module (project_id) on delete restrict,
      part TEXT not null check (part in ('picture', 'rendition')),
      media_type TEXT not null check (media_type in ('image/png', 'image/jpeg', 'image/webp', 'image/svg+xml')),
      sha256 TEXT not null check (length(sha256) = 64),
      size_bytes INTEGER not null check (size_bytes > 0),
      width INTEGER not null check (width > 0),
      height INTEGER not null check (height > 0),
      created_at INTEGER not null,
      ended_at INTEGER,
      check (part = 'picture' or media_type = 'image/png')
    ) STRICT`,
    'create unique index module_icon_in_force on module_icon (module_id, part) where ended_at is null',
    'create index module_icon_file on module_icon (sha256)',
  ],
};
