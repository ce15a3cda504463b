/** Second factors, passkeys, and the link by which the first admin is made. */
import type { Migration } from './migration.ts';

/** What people prove besides their password, who must, and since when a session has been proved so. */
export const secondFactors: Migration = {
  name: '0031_second_factors',
  statements: [
    `alter table organisation add column second_factor TEXT not null default 'optional'
      check (second_factor in ('optional', 'required'))`,
    'alter table session add column second_factor_at INTEGER',
    `create table totp_factor (
      person_id TEXT primary key references person (id) on delete restrict,
      sealed_secret TEXT not null,
      created_at INTEGER not null,
      confirmed_at INTEGER,
      last_step INTEGER not null,
      failures INTEGER not null check (failures >= 0),
      failed_at INTEGER,
      check ((failures = 0) = (failed_at is null))
    ) STRICT`,
    `create table passkey (
      id TEXT primary key,
      person_id TEXT not null references person (id) on delete restrict,
      credential_id TEXT not null unique,
      public_key TEXT not null,
      sign_count INTEGER not null check (sign_count >= 0),
      transports TEXT not null,
      name TEXT not null,
      synced INTEGER not null check (synced in (0, 1)),
      created_at INTEGER not null,
      last_used_at INTEGER,
      suspended_at INTEGER
    ) STRICT`,
    'create index passkey_person on passkey (person_id, id)',
    `create table recovery_code (
      person_id TEXT not null references person (id) on delete restrict,
      code_hash TEXT not null check (length(code_hash) = 64),
      created_at INTEGER not null,
      used_at INTEGER,
      primary key (person_id, code_hash)
    ) STRICT`,
    `create table setup_link (
      id INTEGER not null primary key check (id = 1),
      token_hash TEXT not null check (length(token_hash) = 64),
      created_at INTEGER not null,
      expires_at INTEGER not null,
      used_at INTEGER
    ) STRICT`,
  ],
};
