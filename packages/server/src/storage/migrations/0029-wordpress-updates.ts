/** Signatures of plugins' archives that WordPress' own updater checks. */
import type { Migration } from './migration.ts';

/** One signature for each archive. */
export const wordpressUpdates: Migration = {
  name: '0029_wordpress_updates',
  statements: [
    `create table wordpress_signature (
      artifact_id TEXT primary key references artifact (id) on delete restrict,
      key_id TEXT not null references signing_key (key_id) on delete restrict,
      signature TEXT not null,
      signed_at INTEGER not null
    ) STRICT`,
  ],
};
