/** Looking at what is watched: who looks, at which host, from where on, and what somebody asked to be looked at. */
import type { Migration } from './migration.ts';

/** What was scheduled before is looked at whole once more. */
export const watching: Migration = {
  name: '0018_watching',
  statements: [
    "alter table watch_schedule add column host TEXT not null default ''",
    'alter table watch_schedule add column lease INTEGER not null default 0',
    'alter table watch_schedule add column lease_until INTEGER',
    'alter table watch_schedule add column looked_at INTEGER',
    'alter table watch_schedule add column listed_at INTEGER',
    'alter table watch_schedule add column skipped INTEGER not null default 0',
    'alter table watch_schedule add column unread INTEGER not null default 0',
    'alter table watch_schedule add column in_use_at INTEGER',
    `create table watch_request (
      source_id TEXT not null references watch_source (id) on delete restrict,
      label TEXT not null,
      content TEXT not null,
      requested_at INTEGER not null,
      primary key (source_id, label, content)
    ) STRICT`,
  ],
};
