/** The transparency log: leaves that stay, and checkpoints that only grow. */
import { keepRows, type Migration, type Statement } from './migration.ts';

/** What no statement may make of a log: another one, or a shorter one. */
const shrinks = `new.id <> old.id or new.origin <> old.origin or new.pubkey_b64 <> old.pubkey_b64
  or new.sealed_seed <> old.sealed_seed or new.created_at <> old.created_at
  or new.size < old.size or new.checkpoint_size < old.checkpoint_size
  or (old.checkpoint is not null and new.checkpoint is null)
  or (new.checkpoint <> old.checkpoint and new.checkpoint_size = old.checkpoint_size)
  or (old.ended_at is not null and new.ended_at is null)`;

/** As `keepRows` does: SQLite refuses, PostgreSQL leaves the row as it is. */
const keepGrowing: readonly Statement[] = [
  {
    sqlite: `create trigger transparency_log_update before update on transparency_log when ${shrinks}
      begin select raise(abort, 'a transparency log only grows'); end`,
    postgres: `create rule transparency_log_update as on update to transparency_log where ${shrinks} do instead nothing`,
  },
  {
    sqlite: `create trigger transparency_log_delete before delete on transparency_log
      begin select raise(abort, 'a transparency log is kept'); end`,
    postgres: 'create rule transparency_log_delete as on delete to transparency_log do instead nothing',
  },
];

/** Logs, their leaves, and the hashes over full tiles of them. */
export const log: Migration = {
  name: '0037_log',
  statements: [
    `create table transparency_log (
      id INTEGER not null primary key check (id >= 1),
      origin TEXT not null check (length(origin) > 0),
      pubkey_b64 TEXT not null unique,
      sealed_seed TEXT not null,
      size INTEGER not null check (size >= checkpoint_size),
      checkpoint_size INTEGER not null check (checkpoint_size >= 0),
      checkpoint TEXT,
      checkpoint_at INTEGER,
      created_at INTEGER not null,
      ended_at INTEGER
    ) STRICT`,
    'create unique index transparency_log_open on transparency_log ((ended_at is null)) where ended_at is null',
    ...keepGrowing,
    `create table log_entry (
      log_id INTEGER not null references transparency_log (id) on delete restrict,
      position INTEGER not null check (position >= 0),
      type TEXT not null,
      organisation_id TEXT not null,
      entry TEXT not null check (length(entry) <= 65535),
      leaf_hash TEXT not null check (length(leaf_hash) = 44),
      logged_at INTEGER not null,
      primary key (log_id, position),
      unique (log_id, leaf_hash)
    ) STRICT`,
    'create index log_entry_organisation on log_entry (organisation_id, log_id, position)',
    'create index log_entry_type on log_entry (log_id, type, position)',
    ...keepRows('log_entry'),
    `create table log_node (
      log_id INTEGER not null references transparency_log (id) on delete restrict,
      level INTEGER not null check (level >= 1),
      position INTEGER not null check (position >= 0),
      hash TEXT not null check (length(hash) = 44),
      primary key (log_id, level, position)
    ) STRICT`,
    ...keepRows('log_node'),
  ],
};
