/** Timestamp authorities. */
import type { Migration } from './migration.ts';

/** One to an authority, with the key that signs now and the time that it has reached. */
export const timestamps: Migration = {
  name: '0004_timestamps',
  statements: [
    `create table timestamp_authority (
      authority_id TEXT primary key,
      organisation_id TEXT not null,
      certificate_id TEXT not null,
      sealed_key TEXT,
      policy TEXT not null,
      accuracy_ms INTEGER not null check (accuracy_ms between 1 and 86400000),
      is_ordered INTEGER not null check (is_ordered in (0, 1)),
      reserved_until INTEGER not null,
      enabled_at INTEGER not null,
      disabled_at INTEGER,
      foreign key (authority_id, organisation_id) references authority (id, organisation_id) on delete restrict,
      foreign key (certificate_id, organisation_id) references certificate (id, organisation_id) on delete restrict,
      check ((disabled_at is null) = (sealed_key is not null))
    ) STRICT`,
  ],
};
