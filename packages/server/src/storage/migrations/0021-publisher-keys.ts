/** Keys of publishers, by which the detached signatures of a watched source are verified. */
import type { Migration } from './migration.ts';

/** A key is named once among those that are not removed. */
export const publisherKeys: Migration = {
  name: '0021_publisher_keys',
  statements: [
    `create table watch_publisher_key (
      id TEXT primary key,
      source_id TEXT not null references watch_source (id) on delete restrict,
      kind TEXT not null check (kind in ('openpgp', 'minisign', 'ed25519')),
      key TEXT not null check (length(key) = 64),
      name TEXT not null check (length(name) > 0),
      document TEXT not null,
      reason TEXT not null check (length(reason) > 0),
      actor TEXT not null,
      created_at INTEGER not null,
      removed_at INTEGER
    ) STRICT`,
    'create unique index watch_publisher_key_source on watch_publisher_key (source_id, key) where removed_at is null',
  ],
};
