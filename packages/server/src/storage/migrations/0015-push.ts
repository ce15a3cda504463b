/** Signed push: keys, the log of frames, and the events that wait to be put into it. */
import type { Migration } from './migration.ts';

/** The push plane. Frames and logs refer to nothing: the log goes on whatever becomes of what it tells of. */
export const push: Migration = {
  name: '0015_push',
  statements: [
    `create table push_key (
      key_id TEXT primary key check (length(key_id) = 64),
      organisation_id TEXT not null references organisation (id) on delete restrict,
      label TEXT not null,
      pubkey_b64 TEXT not null unique check (length(pubkey_b64) = 44),
      sealed_seed TEXT not null,
      state TEXT not null check (state in ('waiting', 'active', 'retired')),
      created_at INTEGER not null,
      activated_at INTEGER,
      ended_at INTEGER,
      check (state <> 'active' or activated_at is not null),
      check ((state = 'retired') = (ended_at is not null))
    ) STRICT`,
    "create unique index push_key_active on push_key (organisation_id) where state = 'active'",
    "create unique index push_key_waiting on push_key (organisation_id) where state = 'waiting'",
    `create table push_log (
      organisation_id TEXT primary key references organisation (id) on delete restrict,
      epoch TEXT not null check (length(epoch) = 16),
      created_at INTEGER not null
    ) STRICT`,
    `create table push_channel (
      organisation_id TEXT not null references push_log (organisation_id) on delete restrict,
      name TEXT not null check (length(name) between 1 and 64),
      visibility TEXT not null check (visibility in ('public', 'private')),
      head INTEGER not null check (head >= 0),
      head_hash TEXT not null,
      oldest INTEGER not null check (oldest between 1 and head + 1),
      created_at INTEGER not null,
      removed_at INTEGER,
      primary key (organisation_id, name)
    ) STRICT`,
    `create table push_frame (
      organisation_id TEXT not null,
      channel TEXT not null,
      sequence INTEGER not null check (sequence >= 1),
      type TEXT not null,
      frame TEXT not null,
      at INTEGER not null,
      primary key (organisation_id, channel, sequence),
      foreign key (organisation_id, channel) references push_channel (organisation_id, name) on delete restrict
    ) STRICT`,
    'create index push_frame_at on push_frame (at)',
    `create table push_event (
      id TEXT primary key,
      organisation_id TEXT not null,
      topic TEXT not null,
      payload TEXT not null,
      at INTEGER not null,
      framed_at INTEGER
    ) STRICT`,
    'create index push_event_waiting on push_event (organisation_id, id) where framed_at is null',
    'create index push_event_framed on push_event (framed_at) where framed_at is not null',
    `create table push_publication (
      organisation_id TEXT not null,
      channel TEXT not null,
      key_digest TEXT not null check (length(key_digest) = 64),
      content_digest TEXT not null check (length(content_digest) = 64),
      sequence INTEGER not null,
      epoch TEXT not null,
      at INTEGER not null,
      primary key (organisation_id, channel, key_digest)
    ) STRICT`,
    'create index push_publication_at on push_publication (at)',
  ],
};
