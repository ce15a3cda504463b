/** Names of sources that cannot be read while others of the source can. */
import type { Migration } from './migration.ts';

/** Since when is kept for each, so that it is told when it lasts. */
export const unreadNames: Migration = {
  name: '0020_unread_names',
  statements: [
    `create table watch_unread (
      source_id TEXT not null references watch_source (id) on delete restrict,
      name TEXT not null,
      since INTEGER not null,
      reason TEXT not null,
      primary key (source_id, name)
    ) STRICT`,
  ],
};
